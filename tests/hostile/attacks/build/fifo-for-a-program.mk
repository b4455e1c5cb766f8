# tries: a program that is a FIFO, so that who opens it waits
# must: not build
conecta:
	mkfifo $@
