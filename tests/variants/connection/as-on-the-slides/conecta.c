/* As the course shows it: gethostbyname, and no word when all goes well. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int s;
    struct sockaddr_in dir;
    struct hostent *host_info;

    if (argc != 3) {
        fprintf(stderr, "Uso: %s máquina puerto\n", argv[0]);
        exit(1);
    }
    if ((host_info = gethostbyname(argv[1])) == NULL) {
        fprintf(stderr, "error en gethostbyname: %s\n", hstrerror(h_errno));
        exit(1);
    }
    if ((s = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP)) < 0) {
        perror("error creando socket");
        exit(1);
    }
    memset(&dir, 0, sizeof(dir));
    memcpy(&dir.sin_addr.s_addr, host_info->h_addr_list[0], host_info->h_length);
    dir.sin_port = htons(atoi(argv[2]));
    dir.sin_family = PF_INET;
    if (connect(s, (struct sockaddr *)&dir, sizeof(dir)) < 0) {
        perror("error en connect");
        close(s);
        exit(1);
    }
    exit(0); /* which closes the connection */
}
