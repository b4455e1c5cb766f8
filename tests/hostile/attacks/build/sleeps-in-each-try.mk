# tries: to hold the build up by sleeping in each try of make, each time a little less than one command may take
# must: not build
.PHONY: all conecta
all conecta:
	sleep 80
	false
