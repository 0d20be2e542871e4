/* A storm on a WebSocket server: all connect and ask for a handshake at once, from one thread.
 *
 *   wsstorm ADDRESS PORT PATH CONNECTIONS TOKENS SKIP SECONDS
 *
 * TOKENS is a file with a bearer token in each line, or "-". Whoever is let in waits for SKIP frames,
 * the greeting. An ADDRESS that begins with "tls:" is spoken to inside TLS.
 *
 * When everyone has been greeted or refused, or SECONDS are over, it looks for half a second more
 * whether somebody is lost again. One line of JSON: how many were let in, refused with 429, with 503
 * (and without a Retry-After), lost before they heard anything or after they were let in, were still
 * waiting at the end; when the last one was served, and the times from the beginning to each
 * greeting in milliseconds. Build: cc -O2 -Wall -o wsstorm wsstorm.c -lssl -lcrypto
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include "websocket.h"

enum { EVENTS = 512, ANSWER = 4096, PER_ADDRESS = 20000, TOKEN = 128 };
enum state { CONNECTING, GREETING, WAITING, OPEN, SERVED, REFUSED, LOST };
static const double AFTERWARDS = 0.5;

struct client {
    int fd;
    enum state state;
    char token[TOKEN];
    char *answer; /* what has come, until it is served */
    size_t have;
    double served;
};

static struct client *clients;
static int number, pending, skip;
static int let_in, refused_429, refused_503, refused_otherwise, without_retry, lost, lost_later;
static const char *path;

static void settle(struct client *c, enum state state) {
    if (c->state < SERVED) pending--;
    c->state = state;
    c->served = now();
    free(c->answer);
    c->answer = NULL;
}

static void lose(struct client *c) {
    if (c->state == LOST || c->state == REFUSED) return;
    *(c->state == SERVED ? &lost_later : &lost) += 1;
    settle(c, LOST);
    close(c->fd);
}

static void refuse(struct client *c) {
    int status = atoi(c->answer + 9);
    *(status == 429 ? &refused_429 : status == 503 ? &refused_503 : &refused_otherwise) += 1;
    const char *retry = strcasestr(c->answer, "\r\nRetry-After: ");
    if (!retry || atoi(retry + 15) < 1) without_retry++;
    settle(c, REFUSED);
    close(c->fd);
}

/* How many frames are whole behind the head; servers neither mask nor split them. */
static int frames_in(const unsigned char *at, const unsigned char *end) {
    int found = 0;
    while (end - at >= 2) {
        size_t head = 2, size = at[1] & 127;
        if (size == 126) {
            if (end - at < 4) break;
            head = 4;
            size = at[2] << 8 | at[3];
        }
        if ((size_t)(end - at) < head + size) break;
        if ((at[0] & 15) == 8) return -1;
        found++;
        at += head + size;
    }
    return found;
}

static void hear(struct client *c) {
    char *end = memmem(c->answer, c->have, "\r\n\r\n", 4);
    if (!end) return;
    c->answer[c->have] = 0;
    if (strncmp(c->answer, "HTTP/1.1 101", 12)) {
        refuse(c);
        return;
    }
    if (c->state == WAITING) {
        c->state = OPEN;
        let_in++;
    }
    int frames = frames_in((unsigned char *)end + 4, (unsigned char *)c->answer + c->have);
    if (frames < 0) lose(c);
    else if (frames >= skip) settle(c, SERVED);
}

static void ready(struct client *c, uint32_t events) {
    if (c->state == CONNECTING) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) {
            lose(c);
            return;
        }
        if (!(events & EPOLLOUT)) return;
        greet(c->fd);
        c->state = GREETING;
    }
    if (c->state == GREETING) {
        int n = tls ? SSL_do_handshake(sessions[c->fd]) : 1;
        if (n != 1) {
            if (SSL_get_error(sessions[c->fd], n) != SSL_ERROR_WANT_READ) lose(c);
            return;
        }
        char request[1024];
        int length = handshake(request, sizeof request, path, *c->token ? c->token : NULL);
        if (write_some_bytes(c->fd, request, length) < length) {
            lose(c);
            return;
        }
        c->state = WAITING;
    }
    while (c->state != LOST && c->state != REFUSED) {
        char waste[ANSWER];
        int served = c->state == SERVED;
        ssize_t n = served ? read_some_bytes(c->fd, waste, sizeof waste)
                           : read_some_bytes(c->fd, c->answer + c->have, ANSWER - 1 - c->have);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) {
            lose(c);
            return;
        }
        if (served) continue;
        c->have += n;
        hear(c);
    }
}

static void begin(struct client *c, struct sockaddr_in *server, int poll) {
    int one = 1, i = c - clients;
    c->answer = malloc(ANSWER);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) fail("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(c->fd, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &one, sizeof one);
    struct sockaddr_in own = {.sin_family = AF_INET};
    own.sin_addr.s_addr = htonl(0x7f000002 + i / PER_ADDRESS);
    if (bind(c->fd, (void *)&own, sizeof own) < 0) fail("bind");
    if (connect(c->fd, (void *)server, sizeof *server) < 0 && errno != EINPROGRESS) fail("connect");
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u32 = i};
    epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event);
}

static int by_value(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

int main(int count, char **arg) {
    if (count != 8) {
        fprintf(stderr, "see the head of wsstorm.c\n");
        return 2;
    }
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(atoi(arg[2]))};
    int secure = !strncmp(arg[1], "tls:", 4);
    signal(SIGPIPE, SIG_IGN);
    if (secure) {
        tls = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
        SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    }
    inet_aton(arg[1] + (secure ? 4 : 0), &server.sin_addr);
    path = arg[3];
    number = pending = atoi(arg[4]);
    skip = atoi(arg[6]);
    double seconds = atof(arg[7]);
    clients = calloc(number, sizeof *clients);
    FILE *tokens = strcmp(arg[5], "-") ? fopen(arg[5], "r") : NULL;
    if (strcmp(arg[5], "-") && !tokens) fail(arg[5]);
    for (int i = 0; tokens && i < number; i++)
        if (fscanf(tokens, "%127s%*[^\n]", clients[i].token) != 1) fail("too few tokens");

    int poll = epoll_create1(0);
    double began = now(), end = began + seconds;
    for (int i = 0; i < number; i++) begin(&clients[i], &server, poll);
    struct epoll_event events[EVENTS];
    for (double t = now(); t < end; t = now()) {
        if (!pending && end > t + AFTERWARDS) end = t + AFTERWARDS;
        int n = epoll_wait(poll, events, EVENTS, 20);
        for (int k = 0; k < n; k++) ready(&clients[events[k].data.u32], events[k].events);
    }

    double *times = malloc((number + 1) * sizeof *times), last = began;
    int served = 0;
    for (int i = 0; i < number; i++) {
        if (clients[i].served > last && clients[i].state != LOST) last = clients[i].served;
        if (clients[i].state == SERVED) times[served++] = (clients[i].served - began) * 1000;
    }
    qsort(times, served, sizeof *times, by_value);
    printf("{\"let_in\": %d, \"greeted\": %d, \"429\": %d, \"503\": %d, \"otherwise\": %d, "
           "\"without_retry\": %d, \"lost\": %d, \"lost_later\": %d, \"waiting\": %d, "
           "\"seconds\": %.3f, \"served_ms\": {\"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f}}\n",
           let_in, served, refused_429, refused_503, refused_otherwise, without_retry, lost,
           lost_later, pending, last - began, served ? times[served / 2] : 0.0,
           served ? times[served * 99 / 100] : 0.0, served ? times[served - 1] : 0.0);
    return 0;
}
