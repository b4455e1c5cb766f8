# tries: files that only their owner may read
# must: be refused
conecta: conecta.c sockets.c sockets.h
	umask 077; $(CC) -D_GNU_SOURCE -o $@ conecta.c sockets.c
