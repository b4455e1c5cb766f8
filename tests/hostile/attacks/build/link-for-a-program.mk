# tries: a program that is a link to one of the system's
# must: not build
conecta:
	ln -s /bin/true $@
