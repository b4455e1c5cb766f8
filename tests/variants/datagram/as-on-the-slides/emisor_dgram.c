/* As the course shows it: gethostbyname and sendto. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int s, escrito;
    struct sockaddr_in dir;
    struct hostent *host_info;
    char *buf;

    if (argc != 4) {
        fprintf(stderr, "Uso: %s máquina puerto tam_enviar\n", argv[0]);
        exit(1);
    }
    if ((host_info = gethostbyname(argv[1])) == NULL) {
        fprintf(stderr, "error en gethostbyname\n");
        exit(1);
    }
    if ((s = socket(PF_INET, SOCK_DGRAM, IPPROTO_UDP)) < 0) {
        perror("error creando socket");
        exit(1);
    }
    memset(&dir, 0, sizeof(dir));
    memcpy(&dir.sin_addr.s_addr, host_info->h_addr_list[0], host_info->h_length);
    dir.sin_port = htons(atoi(argv[2]));
    dir.sin_family = PF_INET;
    buf = malloc(atoi(argv[3]));
    if ((escrito = sendto(s, buf, atoi(argv[3]), 0, (struct sockaddr *)&dir, sizeof(dir))) < 0) {
        perror("error en sendto");
        exit(1);
    }
    printf("Escrito:%d\n", escrito);
    close(s);
    return 0;
}
