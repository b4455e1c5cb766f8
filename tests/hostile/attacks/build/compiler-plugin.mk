# tries: code of its own inside the compiler
# must: be contained
conecta: conecta.c sockets.c
	$(CC) -fplugin=./evil.so -D_GNU_SOURCE -o $@ conecta.c sockets.c
