/* People talking in pairs over WebSocket: one of each pair on the first node, one on the second.
 *
 *   wstalk PORT PORT PAIRS TOKENS SECONDS IN_FLIGHT RATE
 *
 * TOKENS is a file with "token id" in each line: the first PAIRS people connect to the first port,
 * the next PAIRS to the second. RATE 0: each keeps IN_FLIGHT messages unanswered. Otherwise RATE
 * messages are sent a second in all, whether answered or not, at most IN_FLIGHT of each unanswered.
 *
 * After two seconds the counting begins, or begins anew at SIGUSR1; at SIGTERM it ends before its
 * time. One line of JSON at the end: messages that were sent,
 * answered by "ok" and delivered to the other one per second, and the times from sending to each in
 * milliseconds. Build: cc -O2 -Wall -o wstalk wstalk.c -lssl -lcrypto
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include "websocket.h"

enum { ROOM = 1 << 16, EVENTS = 512, SAMPLES = 1 << 22 };
static const double WARM = 2.0;

struct person {
    int fd;
    int id;
    char *buffer;
    size_t have;
    uint64_t number; /* of the last message sent */
    int open;        /* messages without an answer */
};

struct times {
    float *values;
    size_t count;
};

static struct person *people;
static int pairs;
static double counting_from;
static uint64_t sent, answered, delivered, errors;
static struct times answer_times, delivery_times;

static volatile sig_atomic_t count_anew, told_to_end;

static void told(int number) {
    *(number == SIGUSR1 ? &count_anew : &told_to_end) = 1;
}

static void note(struct times *times, double value) {
    if (times->count < SAMPLES) times->values[times->count++] = value * 1000;
}

static void say_something(int who) {
    struct person *p = &people[who];
    int other = who < pairs ? who + pairs : who - pairs;
    char text[512];
    double t = now();
    /* The time is the frame's id, too, so that its answer brings it back. */
    int n = snprintf(text, sizeof text,
                     "{\"op\":\"send\",\"id\":\"%.6f\",\"to\":\"u:%d\",\"text\":\"at %.6f by %d: a "
                     "message of some length, as people write\"}",
                     t, people[other].id, t, who);
    p->number++;
    p->open++;
    if (t >= counting_from) sent++;
    send_frame(p->fd, 1, text, n);
}

static void heard(int who, const char *text, size_t length, int talk_on) {
    double t = now();
    const char *found;
    if (memmem(text, length, "\"op\":\"ok\"", 9)) {
        found = memmem(text, length, "\"id\":\"", 6);
        if (!found) return;
        double at = atof(found + 6);
        people[who].open--;
        if (at >= counting_from) {
            answered++;
            note(&answer_times, t - at);
        }
        if (talk_on) say_something(who);
    } else if (memmem(text, length, "\"op\":\"message\"", 14)) {
        found = memmem(text, length, "\"text\":\"at ", 11);
        if (!found) return;
        double at = atof(found + 11);
        const char *by = memmem(found, length - (found - text), " by ", 4);
        if (by && atoi(by + 4) != who && at >= counting_from) {
            delivered++;
            note(&delivery_times, t - at);
        }
    } else if (memmem(text, length, "\"op\":\"error\"", 12)) {
        if (!errors++) fprintf(stderr, "%.*s\n", (int)length, text);
        people[who].open--;
    }
}

/* All whole frames that have come; the server never masks nor splits them. */
static int take(int who, int talk_on) {
    struct person *p = &people[who];
    ssize_t n = read_some_bytes(p->fd, p->buffer + p->have, ROOM - 1 - p->have);
    if (n < 0 && errno == EAGAIN) return 0;
    if (n <= 0) {
        fprintf(stderr, "the server hung up\n");
        exit(1);
    }
    p->have += n;
    size_t at = 0;
    int frames = 0;
    while (p->have - at >= 2) {
        unsigned char *frame = (unsigned char *)p->buffer + at;
        size_t head = 2, size = frame[1] & 127;
        if (size == 126) {
            head = 4;
            if (p->have - at < head) break;
            size = frame[2] << 8 | frame[3];
        } else if (size == 127) {
            fprintf(stderr, "a frame that is too large\n");
            exit(1);
        }
        if (p->have - at < head + size) break;
        int opcode = frame[0] & 15;
        if (opcode == 9) send_frame(p->fd, 10, (char *)frame + head, size);
        if (opcode == 8) {
            fprintf(stderr, "closed by the server\n");
            exit(1);
        }
        if (opcode == 1) {
            unsigned char after = frame[head + size];
            frame[head + size] = 0;
            heard(who, (char *)frame + head, size, talk_on);
            frame[head + size] = after;
            frames++;
        }
        at += head + size;
    }
    memmove(p->buffer, p->buffer + at, p->have - at);
    p->have -= at;
    return frames;
}

static void connect_to(struct person *p, int port, const char *token) {
    int one = 1;
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(port)};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    p->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (p->fd < 0) fail("socket");
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(p->fd, (void *)&server, sizeof server) < 0) fail("connect");
    greet(p->fd);
    shake_hands(p->fd);
    ask_handshake(p->fd, "/ws", token);
    read_answer(p->fd);
}

static int by_value(const void *one, const void *other) {
    float a = *(const float *)one, b = *(const float *)other;
    return (a > b) - (a < b);
}

static void show(const char *name, struct times *times) {
    qsort(times->values, times->count, sizeof(float), by_value);
    printf(", \"%s_ms\": {", name);
    const double shares[] = {0.5, 0.99, 0.999, 1.0};
    const char *names[] = {"p50", "p99", "p999", "max"};
    for (int i = 0; i < 4; i++) {
        size_t at = times->count * shares[i];
        if (at && at == times->count) at--;
        printf("%s\"%s\": %.3f", i ? ", " : "", names[i], times->count ? times->values[at] : 0.0);
    }
    printf("}");
}

int main(int count, char **arg) {
    if (count != 8) {
        fprintf(stderr, "see the head of wstalk.c\n");
        return 2;
    }
    int ports[] = {atoi(arg[1]), atoi(arg[2])};
    pairs = atoi(arg[3]);
    double seconds = atof(arg[5]), rate = atof(arg[7]);
    int in_flight = atoi(arg[6]);
    FILE *tokens = fopen(arg[4], "r");
    if (!tokens) fail(arg[4]);
    people = calloc(2 * pairs, sizeof *people);
    answer_times.values = malloc(SAMPLES * sizeof(float));
    delivery_times.values = malloc(SAMPLES * sizeof(float));
    counting_from = 1e300;
    signal(SIGUSR1, told);
    signal(SIGTERM, told);
    int poll = epoll_create1(0);
    for (int i = 0; i < 2 * pairs; i++) {
        char token[128];
        if (fscanf(tokens, "%127s %d", token, &people[i].id) != 2) fail("too few tokens");
        people[i].buffer = malloc(ROOM);
        connect_to(&people[i], ports[i >= pairs], token);
        while (!take(i, 0)) wait_for(people[i].fd, POLLIN);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        epoll_ctl(poll, EPOLL_CTL_ADD, people[i].fd, &event);
    }
    double start = now(), stop = start + WARM + seconds, end = stop + 10;
    counting_from = start + WARM;
    uint64_t due = 0;
    int turn = 0;
    if (!rate)
        for (int k = 0; k < in_flight; k++)
            for (int i = 0; i < 2 * pairs; i++) say_something(i);
    struct epoll_event events[EVENTS];
    while (1) {
        double t = now();
        if (count_anew) {
            count_anew = 0;
            counting_from = t;
            sent = answered = delivered = 0;
            answer_times.count = delivery_times.count = 0;
        }
        if (told_to_end && t < stop) {
            seconds = t - counting_from;
            stop = t;
            end = t + 10;
        }
        if (t >= stop && (answered + errors >= sent || t >= end)) {
            if (delivered >= answered || t >= end) break;
        }
        if (rate && t < stop) {
            for (uint64_t wanted = (t - start) * rate; due < wanted; due++) {
                for (int tries = 0; tries < 2 * pairs; tries++) {
                    int who = turn++ % (2 * pairs);
                    if (people[who].open < in_flight) {
                        say_something(who);
                        break;
                    }
                }
            }
        }
        int n = epoll_wait(poll, events, EVENTS, rate ? 1 : 50);
        for (int k = 0; k < n; k++) take(events[k].data.u32, !rate && t < stop);
    }
    printf("{\"sent\": %llu, \"answered\": %llu, \"delivered\": %llu, \"errors\": %llu, "
           "\"seconds\": %.3f",
           (unsigned long long)sent, (unsigned long long)answered, (unsigned long long)delivered,
           (unsigned long long)errors, seconds);
    show("answer", &answer_times);
    show("delivery", &delivery_times);
    printf("}\n");
    return 0;
}
