# tries: a make that starts itself without end
# must: be contained
.PHONY: all
all:
	$(MAKE) all
conecta: conecta.c sockets.c sockets.h
	$(CC) -D_GNU_SOURCE -o $@ conecta.c sockets.c
