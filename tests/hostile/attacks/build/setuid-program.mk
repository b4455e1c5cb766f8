# tries: a program with the setuid bit
# must: be refused
conecta: conecta.c sockets.c sockets.h
	$(CC) -D_GNU_SOURCE -o $@ conecta.c sockets.c
	chmod 6755 $@
