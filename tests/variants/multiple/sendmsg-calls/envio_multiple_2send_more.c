#include "comun.h"
int main(int argc, char **argv) {
    int s = conecta(argc, argv);
    for (int i = 3; i < 5; i++)
        printf("Escrito %ld\n", envia(s, &(struct iovec){argv[i], strlen(argv[i])}, 1, MSG_MORE));
    close(s);
    return 0;
}
