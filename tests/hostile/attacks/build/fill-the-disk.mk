# tries: a build that fills the disk
# must: not build
conecta: conecta.c
	cat /dev/zero > filled || cat /dev/zero > filled-too || cat /dev/zero > filled-three; $(CC) -D_GNU_SOURCE -o $@ conecta.c sockets.c
