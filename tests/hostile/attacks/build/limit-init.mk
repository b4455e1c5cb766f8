# tries: to take everything from the room's init while it builds
# must: be refused
conecta: conecta.c sockets.c sockets.h
	-for kind in nofile as nproc cpu fsize; do prlimit --pid 1 --$$kind=0:0; done
	$(CC) -D_GNU_SOURCE -O1 -w -o $@ conecta.c sockets.c
