# tries: a build that prints without end
# must: be contained
conecta: conecta.c sockets.c
	timeout 5 yes "$$(printf '\033[31m')flood" || true
	$(CC) -D_GNU_SOURCE -o $@ conecta.c sockets.c
