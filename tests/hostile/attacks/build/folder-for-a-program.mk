# tries: a program that is a folder
# must: not build
conecta:
	mkdir -p $@/$@
