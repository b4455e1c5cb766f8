# tries: a build that leaves a process which holds its output open
# must: be refused
conecta: conecta.c sockets.c sockets.h
	(setsid sleep 100000 &)
	$(CC) -D_GNU_SOURCE -o $@ conecta.c sockets.c
