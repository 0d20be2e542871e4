/* Load on a WebSocket server: many connections from one thread.
 *
 *   wsload ADDRESS PORT PATH CONNECTIONS idle SECONDS TOKENS SKIP
 *   wsload ADDRESS PORT PATH CONNECTIONS echo SECONDS TOKENS SKIP MESSAGE
 *   wsload ADDRESS PORT PATH CONNECTIONS fan  SECONDS TOKENS SKIP MESSAGE IN_FLIGHT [SENDERS]
 *
 * TOKENS is a file with a bearer token in each line, or "-". SKIP frames of each connection are
 * taken for a greeting and awaited before anything begins. Pings are answered. An ADDRESS that begins
 * with "tls:" is spoken to inside TLS.
 *
 * echo: each connection sends MESSAGE and again for each frame that comes.
 * fan:  the first connection keeps IN_FLIGHT messages on their way to all others, or the first
 *       SENDERS do, each as many; the last one counts what has arrived.
 *
 * One line of JSON when all are connected, one at the end. After the first second has passed the
 * counting begins. Build: cc -O2 -Wall -o wsload wsload.c -lssl -lcrypto
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "websocket.h"

enum { WINDOW = 64, PER_ADDRESS = 20000, EVENTS = 512, TOKEN = 128, HEAD = 16 };

struct connection {
    int fd;
    uint64_t skip;            /* bytes of the current frame's payload that are still to come */
    unsigned char head[HEAD]; /* a frame's header, as far as it has come */
    unsigned char have;
    unsigned char opcode;
    unsigned char pong[125];
    unsigned char pong_length;
    uint64_t frames; /* data frames so far */
};

static struct connection *connections;
static unsigned char *message;
static size_t message_length;
static char buffer[1 << 20];

static void use_tls(void) {
    tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    signal(SIGPIPE, SIG_IGN);
}

static int open_one(struct sockaddr_in *server, int number) {
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) fail("socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    /* So that each address of the loopback has all its ports for us. */
    setsockopt(fd, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &one, sizeof one);
    struct sockaddr_in own = {.sin_family = AF_INET};
    own.sin_addr.s_addr = htonl(0x7f000002 + number / PER_ADDRESS);
    if (bind(fd, (void *)&own, sizeof own) < 0) fail("bind");
    if (connect(fd, (void *)server, sizeof *server) < 0) fail("connect");
    greet(fd);
    return fd;
}

/* Go through what has come; the number of data frames that are whole now. */
static uint64_t take(struct connection *c, const unsigned char *data, size_t length) {
    uint64_t found = 0;
    size_t at = 0;
    while (at < length || (c->have >= 2 && !c->skip)) {
        if (!c->skip) {
            size_t need = 2;
            if (c->have >= 2) {
                int small = c->head[1] & 127;
                need = small == 126 ? 4 : small == 127 ? 10 : 2;
            }
            if (c->have < need) {
                if (at == length) break;
                c->head[c->have++] = data[at++];
                if (c->have < need || (c->have == 2 && (c->head[1] & 127) >= 126)) continue;
            }
            c->opcode = c->head[0] & 15;
            uint64_t size = c->head[1] & 127;
            if (size >= 126) {
                size = 0;
                for (size_t i = 2; i < need; i++) size = size << 8 | c->head[i];
            }
            c->pong_length = 0;
            c->skip = size;
        }
        size_t some = length - at < c->skip ? length - at : c->skip;
        if (c->opcode == 9) {
            memcpy(c->pong + c->pong_length, data + at, some);
            c->pong_length += some;
        }
        at += some;
        c->skip -= some;
        if (c->skip) break;
        c->have = 0;
        if (c->opcode == 9) {
            send_frame(c->fd, 10, c->pong, c->pong_length);
        } else if (c->opcode == 8) {
            fprintf(stderr, "closed by the server\n");
            exit(1);
        } else if (c->opcode < 3) {
            found++;
        }
    }
    c->frames += found;
    return found;
}

static uint64_t read_some(struct connection *c) {
    uint64_t found = 0;
    do {
        ssize_t n = read_some_bytes(c->fd, buffer, sizeof buffer);
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) {
            fprintf(stderr, "the server hung up\n");
            exit(1);
        }
        found += take(c, (unsigned char *)buffer, n);
        /* What TLS has taken from the socket already, nobody is woken for again. */
    } while (tls && SSL_has_pending(sessions[c->fd]));
    return found;
}

int main(int count, char **arg) {
    if (count < 9) {
        fprintf(stderr, "see the head of wsload.c\n");
        return 2;
    }
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(atoi(arg[2]))};
    int secure = !strncmp(arg[1], "tls:", 4);
    if (secure) use_tls();
    inet_aton(arg[1] + (secure ? 4 : 0), &server.sin_addr);
    const char *path = arg[3], *mode = arg[5];
    int number = atoi(arg[4]);
    double seconds = atof(arg[6]);
    FILE *tokens = strcmp(arg[7], "-") ? fopen(arg[7], "r") : NULL;
    if (strcmp(arg[7], "-") && !tokens) fail(arg[7]);
    uint64_t skip = atoi(arg[8]);
    int in_flight = count > 10 ? atoi(arg[10]) : 1;
    int senders = count > 11 ? atoi(arg[11]) : 1, turn = 0;
    if (count > 9) {
        message = malloc(strlen(arg[9]) + 16);
        message_length = pack(message, 1, arg[9], strlen(arg[9]));
    }
    connections = calloc(number, sizeof *connections);
    double began = now();
    for (int i = 0; i < number; i += WINDOW) {
        int end = i + WINDOW < number ? i + WINDOW : number;
        for (int j = i; j < end; j++) connections[j].fd = open_one(&server, j);
        for (int j = i; j < end; j++) {
            char token[TOKEN];
            if (tokens) {
                if (!fgets(token, sizeof token, tokens)) fail("too few tokens");
                token[strcspn(token, "\r\n")] = 0;
            }
            shake_hands(connections[j].fd);
            ask_handshake(connections[j].fd, path, tokens ? token : NULL);
        }
        for (int j = i; j < end; j++) {
            read_answer(connections[j].fd);
            while (connections[j].frames < skip)
                if (!read_some(&connections[j])) wait_for(connections[j].fd, POLLIN);
        }
    }
    double took = now() - began;
    printf("{\"connected\": %d, \"seconds\": %.3f}\n", number, took);
    fflush(stdout);

    int poll = epoll_create1(0);
    for (int i = 0; i < number; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        epoll_ctl(poll, EPOLL_CTL_ADD, connections[i].fd, &event);
    }
    int echo = !strcmp(mode, "echo"), fan = !strcmp(mode, "fan");
    if (echo)
        for (int i = 0; i < number; i++) write_all(connections[i].fd, message, message_length);
    if (fan)
        for (int i = 0; i < in_flight * senders; i++)
            write_all(connections[turn++ % senders].fd, message, message_length);

    struct epoll_event events[EVENTS];
    uint64_t frames = 0;
    double start = now() + (echo || fan ? 1.0 : 0.0), stop = start + seconds, counted = 0;
    while (1) {
        double t = now();
        if (!counted && t >= start) {
            frames = 0;
            counted = t;
        }
        if (t >= stop) {
            printf("{\"frames\": %llu, \"seconds\": %.3f}\n", (unsigned long long)frames,
                   t - counted);
            return 0;
        }
        int n = epoll_wait(poll, events, EVENTS, 50);
        for (int k = 0; k < n; k++) {
            int i = events[k].data.u32;
            uint64_t found = read_some(&connections[i]);
            if (!fan || i) frames += found;
            if (echo)
                while (found--) write_all(connections[i].fd, message, message_length);
            else if (fan && i == number - 1)
                while (found--)
                    write_all(connections[turn++ % senders].fd, message, message_length);
        }
    }
}
