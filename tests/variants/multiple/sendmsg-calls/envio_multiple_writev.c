#include "comun.h"
int main(int argc, char **argv) {
    int s = conecta(argc, argv);
    struct iovec iov[2] = {{argv[3], strlen(argv[3])}, {argv[4], strlen(argv[4])}};
    printf("Escrito %ld\n", envia(s, iov, 2, 0));
    return 0;
}
