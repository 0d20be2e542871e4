/* What the load generators share: a client's side of WebSocket over a blocking write, plain or inside
 * TLS. A client takes any certificate: what is measured is the server. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

enum { DESCRIPTORS = 1 << 20 };

static SSL_CTX *tls;                /* NULL: no TLS */
static SSL *sessions[DESCRIPTORS]; /* by descriptor */

static void wait_for(int fd, short events) {
    struct pollfd one = {.fd = fd, .events = events};
    poll(&one, 1, -1);
}

/* As recv, and so is what it returns. What failed inside TLS is told. */
static ssize_t read_some_bytes(int fd, void *data, size_t length) {
    if (!tls) return read(fd, data, length);
    errno = 0;
    int n = SSL_read(sessions[fd], data, length);
    if (n > 0) return n;
    int error = SSL_get_error(sessions[fd], n);
    if (error == SSL_ERROR_WANT_READ) {
        errno = EAGAIN;
        return -1;
    }
    if (error != SSL_ERROR_ZERO_RETURN) {
        fprintf(stderr, "SSL_read: error %d, errno %d\n", error, errno);
        ERR_print_errors_fp(stderr);
    }
    return 0;
}

static ssize_t write_some_bytes(int fd, const void *data, size_t length) {
    if (!tls) return send(fd, data, length, MSG_NOSIGNAL);
    int n = SSL_write(sessions[fd], data, length);
    if (n > 0) return n;
    errno = SSL_get_error(sessions[fd], n) == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
    return -1;
}

static inline void write_all(int fd, const void *data, size_t length) {
    const char *at = data;
    while (length) {
        ssize_t n = write_some_bytes(fd, at, length);
        if (n < 0 && errno == EAGAIN) continue;
        if (n < 0) fail("send");
        at += n;
        length -= n;
    }
}

/* Say the first word of a TLS handshake, if there is to be one; shake_hands says the others, so that
 * many handshakes can be under way. The socket does not block from here on. */
static void greet(int fd) {
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (!tls) return;
    sessions[fd] = SSL_new(tls);
    SSL_set_fd(sessions[fd], fd);
    SSL_set_connect_state(sessions[fd]);
    SSL_do_handshake(sessions[fd]);
}

static inline void shake_hands(int fd) {
    int n;
    while (tls && (n = SSL_do_handshake(sessions[fd])) != 1) {
        if (SSL_get_error(sessions[fd], n) != SSL_ERROR_WANT_READ) {
            fprintf(stderr, "the TLS handshake failed\n");
            exit(1);
        }
        wait_for(fd, POLLIN);
    }
}

/* A masked frame (RFC 6455, section 5.3). */
static inline size_t pack(unsigned char *out, int opcode, const void *payload, size_t length) {
    static const unsigned char key[4] = {0x37, 0xfa, 0x21, 0x3d};
    size_t at = 0;
    out[at++] = 0x80 | opcode;
    if (length < 126) {
        out[at++] = 0x80 | length;
    } else {
        out[at++] = 0x80 | 126;
        out[at++] = length >> 8;
        out[at++] = length;
    }
    memcpy(out + at, key, 4);
    at += 4;
    for (size_t i = 0; i < length; i++) out[at++] = ((const unsigned char *)payload)[i] ^ key[i % 4];
    return at;
}

static inline void send_frame(int fd, int opcode, const void *payload, size_t length) {
    unsigned char out[1024];
    if (length > sizeof out - 8) {
        fprintf(stderr, "a frame that is too large\n");
        exit(1);
    }
    write_all(fd, out, pack(out, opcode, payload, length));
}

/* The request for a WebSocket; "token" may be NULL. Its length. */
static inline int handshake(char *out, size_t room, const char *path, const char *token) {
    return snprintf(out, room,
                    "GET %s HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
                    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    "Sec-WebSocket-Version: 13\r\n%s%s%s\r\n",
                    path, token ? "Authorization: Bearer " : "", token ? token : "",
                    token ? "\r\n" : "");
}

/* Ask for a WebSocket. The answer is awaited by read_answer. */
static inline void ask_handshake(int fd, const char *path, const char *token) {
    char request[1024];
    write_all(fd, request, handshake(request, sizeof request, path, token));
}

static inline void read_answer(int fd) {
    char answer[4096];
    int length = 0;
    while (length < 4 || memcmp(answer + length - 4, "\r\n\r\n", 4)) {
        ssize_t n = length == sizeof answer - 1 ? 0 : read_some_bytes(fd, answer + length, 1);
        if (n < 0 && errno == EAGAIN) {
            wait_for(fd, POLLIN);
            continue;
        }
        if (n <= 0) {
            fprintf(stderr, "no answer to the handshake\n");
            exit(1);
        }
        length++;
    }
    answer[length] = 0;
    if (strncmp(answer, "HTTP/1.1 101", 12)) {
        fprintf(stderr, "refused: %.200s\n", answer);
        exit(1);
    }
}
