/* Many people of one node: they come, stay, answer heartbeats, write, hear, and come back.
 *
 *   wshold PORT ADDRESS NODE NODES PEOPLE SECRET FIRST_ID
 *
 * Of all people, numbered from 0, every NODES-th belongs to this node, from number NODE on; PEOPLE is
 * how many they are. Their tokens are SECRET and the number in seven digits, their ids FIRST_ID and
 * the number. Their sockets leave from ADDRESS. Lines on standard input are orders:
 *
 *   connect WINDOW            let all who are away come, WINDOW at a time, and come back when they are
 *                             lost: as a node wishes, else as the page does (static/app/core/backoff.js)
 *   round NUMBER ONCE         what is counted begins anew: messages of this number count; with ONCE 1
 *                             a person's first one alone
 *   talk COUNT RATE NODE SOME send COUNT messages, RATE a second, by the first SOME people in turn: each
 *                             to one of another node, drawn at random and always the same; or, with
 *                             NODE not -1, to the people of that node in turn
 *   state                     one line of JSON
 *   times                     the same with the times since "round" from sending to the answer and to
 *                             the reading, in ms
 *
 * A text says when it was sent (CLOCK_MONOTONIC, the same for all processes), by whom and in which
 * round. What a node answers with "unavailable" is sent again under the same key, as every client
 * does. Who comes back asks for the list of conversations, and finds there what came meanwhile. It
 * ends with its standard input. Build: cc -O2 -Wall -o wshold wshold.c -lssl -lcrypto
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "websocket.h"

enum { EVENTS = 512, ROOM = 1 << 18, TOKEN = 128, BASE_MS = 500, CAP_MS = 30000 };
enum state { AWAY, DIALING, ASKING, GREETING, OPEN };
enum { HEARD = 1, PINGED = 2, RETURNING = 4 };
#define STDIN_MARK UINT32_MAX

struct part { /* the beginning of what has not come as a whole yet */
    size_t have;
    char bytes[];
};

struct person {
    int fd;
    unsigned char state, attempt, marks;
    float due; /* when to come; of those who are here: the wait that the node wishes, or 0 */
    struct part *part;
};

struct times {
    float *values;
    size_t count, room;
};

struct letter { /* what is sent again: a message of unknown outcome; with "to" -1, the question for
                    the list */
    int from, to;
    uint64_t us;
    double due;
};

static struct person *people;
static struct letter *letters;
static int letters_now, letters_room;
static int number, node, nodes, first_id, window, poll_fd;
static const char *secret;
static struct sockaddr_in server, own;
static double began, opened_at;
static int open_now, away, pinged;
static uint64_t welcomed, lost, refused, pings;
static uint64_t sent, sent_sum, answered, again, errors, heard, heard_sum, repeated;
static int round_number, once;
static int talk_left, talk_node, talk_some, talk_next;
static double talk_rate, talk_from;
static uint64_t talk_done;
static struct times answer_times, reading_times;
static char buffer[ROOM];

static int number_of(const struct person *p) {
    return node + (int)(p - people) * nodes;
}

static void note(struct times *times, double seconds) {
    if (times->count == times->room) {
        times->room = times->room ? times->room * 2 : 1024;
        times->values = realloc(times->values, times->room * sizeof *times->values);
        if (!times->values) fail("memory");
    }
    times->values[times->count++] = seconds * 1000;
}

static double share(void) {
    return random() / (RAND_MAX + 1.0);
}

/* The connection is over. "wish": seconds after which the node wants them back, or 0. */
static void lose(struct person *p, double wish) {
    if (p->state == OPEN) {
        open_now--;
        lost++;
        p->marks |= RETURNING;
    } else if (p->state != AWAY) {
        refused++;
    }
    if (!wish) {
        double reach = p->attempt < 6 ? BASE_MS << p->attempt : CAP_MS;
        wish = share() * reach / 1000;
    }
    if (p->attempt < 16) p->attempt++;
    p->state = AWAY;
    p->due = now() - began + wish;
    away++;
    close(p->fd);
    free(p->part);
    p->part = NULL;
}

/* Little is ever on its way, so what does not go at once goes to nobody. */
static int put(struct person *p, const void *data, size_t length) {
    if (write_some_bytes(p->fd, data, length) == (ssize_t)length) return 1;
    lose(p, 0);
    return 0;
}

static int put_frame(struct person *p, int opcode, const void *payload, size_t length) {
    unsigned char out[1024];
    return put(p, out, pack(out, opcode, payload, length));
}

static void watch(struct person *p, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u32 = p - people};
    if (epoll_ctl(poll_fd, operation, p->fd, &event) < 0) fail("epoll_ctl");
}

static void ask(struct person *p) {
    char token[TOKEN], request[1024];
    greet(p->fd);
    p->state = ASKING;
    snprintf(token, sizeof token, "%s%07d", secret, number_of(p));
    put(p, request, handshake(request, sizeof request, "/ws", token));
}

static void dial(struct person *p) {
    int one = 1;
    away--;
    p->state = DIALING;
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0) fail("socket");
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(p->fd, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &one, sizeof one);
    if (bind(p->fd, (void *)&own, sizeof own) < 0) fail("bind");
    if (connect(p->fd, (void *)&server, sizeof server) == 0) {
        watch(p, EPOLL_CTL_ADD, EPOLLIN);
        ask(p);
    } else if (errno == EINPROGRESS) {
        watch(p, EPOLL_CTL_ADD, EPOLLOUT);
    } else {
        lose(p, 0);
    }
}

/* Texts of this round in what has come; "at TIME by NUMBER in ROUND". */
static void hear(struct person *p, const char *text, size_t length) {
    const char *at = text, *end = text + length;
    while ((at = memmem(at, end - at, "\"text\":\"at ", 11))) {
        double when;
        int by, in;
        at += 11;
        if (sscanf(at, "%lf by %d in %d", &when, &by, &in) != 3) continue;
        if (in != round_number || by == number_of(p)) continue;
        if (once && p->marks & HEARD) {
            repeated++;
            continue;
        }
        p->marks |= HEARD;
        heard++;
        heard_sum += (uint64_t)(when * 1e6 + 0.5);
        note(&reading_times, now() - when);
    }
}

static void ask_list(struct person *p) {
    static const char list[] = "{\"op\":\"conversations\",\"id\":\"list\"}";
    put_frame(p, 1, list, sizeof list - 1);
}

static void welcome(struct person *p) {
    p->state = OPEN;
    p->attempt = 0;
    p->due = 0;
    open_now++;
    welcomed++;
    opened_at = now();
    if (p->marks & RETURNING) {
        p->marks &= ~RETURNING;
        ask_list(p);
    }
}

static double wish_in(const char *text, size_t length) {
    const char *found = memmem(text, length, "\"retry_after\":", 14);
    return found ? atof(found + 14) / 1000 : 0;
}

/* Whether an error is of something that the node could not answer, which is then sent again. */
static int send_again(struct person *p, const char *text, size_t length) {
    unsigned long long seconds = 0, us = 0;
    int to = -1;
    const char *id = memmem(text, length, "\"id\":\"", 6);
    if (!memmem(text, length, "\"code\":\"unavailable\"", 20)) return 0;
    if (!id) return 0;
    if (strncmp(id + 6, "list\"", 5) && sscanf(id + 6, "%llu.%6llu.%d", &seconds, &us, &to) != 3)
        return 0;
    if (letters_now == letters_room) {
        letters_room = letters_room ? letters_room * 2 : 64;
        letters = realloc(letters, letters_room * sizeof *letters);
        if (!letters) fail("memory");
    }
    letters[letters_now++] = (struct letter){
        .from = p - people, .to = to, .us = seconds * 1000000 + us, .due = now() + 0.5 + share()};
    again++;
    return 1;
}

static void take_text(struct person *p, const char *text, size_t length) {
    if (memmem(text, length, "\"op\":\"welcome\"", 14)) {
        if (p->state == GREETING) welcome(p);
    } else if (memmem(text, length, "\"op\":\"message\"", 14)) {
        hear(p, text, length);
    } else if (memmem(text, length, "\"op\":\"ok\"", 9)) {
        const char *found = memmem(text, length, "\"id\":\"", 6);
        double when = found ? atof(found + 6) : 0;
        if (when) {
            answered++;
            note(&answer_times, now() - when);
        } else {
            hear(p, text, length);
        }
    } else if (memmem(text, length, "\"op\":\"bye\"", 10)) {
        p->due = wish_in(text, length);
    } else if (memmem(text, length, "\"op\":\"error\"", 12)) {
        if (p->state == GREETING) p->due = wish_in(text, length) * (1 + share() / 2);
        else if (!send_again(p, text, length) && !errors++)
            fprintf(stderr, "%.*s\n", (int)length, text);
    }
}

/* Take the frames that are whole; servers neither mask nor split them. Bytes taken, -1: lost. */
static ssize_t take_frames(struct person *p, char *data, size_t length) {
    size_t at = 0;
    while (length - at >= 2) {
        unsigned char *frame = (unsigned char *)data + at;
        size_t head = 2, size = frame[1] & 127;
        if (size >= 126) {
            head = size == 126 ? 4 : 10;
            if (length - at < head) break;
            size = 0;
            for (size_t i = 2; i < head; i++) size = size << 8 | frame[i];
        }
        if (head + size > ROOM / 2) {
            fprintf(stderr, "a frame that is too large\n");
            exit(1);
        }
        if (length - at < head + size) break;
        int opcode = frame[0] & 15;
        if (opcode == 9) {
            pings++;
            pinged += !(p->marks & PINGED);
            p->marks |= PINGED;
            if (!put_frame(p, 10, frame + head, size)) return -1;
        } else if (opcode == 8) {
            lose(p, p->due);
            return -1;
        } else if (opcode == 1) {
            /* Numbers and texts are read as strings; what follows is put back. */
            unsigned char after = frame[head + size];
            frame[head + size] = 0;
            take_text(p, (char *)frame + head, size);
            frame[head + size] = after;
            if (p->state == AWAY) return -1;
        }
        at += head + size;
    }
    return at;
}

/* The answer to the handshake. Bytes taken, -1: lost. */
static ssize_t take_head(struct person *p, char *data, size_t length) {
    char *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end) return 0;
    if (length < 12 || memcmp(data, "HTTP/1.1 101", 12)) {
        end[2] = 0;
        const char *retry = strcasestr(data, "\r\nRetry-After: ");
        if (!retry) fprintf(stderr, "refused: %.40s\n", data);
        lose(p, retry ? atof(retry + 15) * (1 + share() / 2) : 0);
        return -1;
    }
    p->state = GREETING;
    p->due = 0;
    return end + 4 - data;
}

static void read_some(struct person *p) {
    size_t have = p->part ? p->part->have : 0;
    if (have) memcpy(buffer, p->part->bytes, have);
    /* One byte is left for the end of a string. */
    ssize_t n = read_some_bytes(p->fd, buffer + have, ROOM - 1 - have);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        lose(p, p->state == ASKING ? 0 : p->due);
        return;
    }
    size_t length = have + n, at = 0;
    if (p->state == ASKING) {
        ssize_t taken = take_head(p, buffer, length);
        if (taken < 0) return;
        at = taken;
    }
    if (p->state > ASKING) {
        ssize_t taken = take_frames(p, buffer + at, length - at);
        if (taken < 0) return;
        at += taken;
    }
    free(p->part);
    p->part = NULL;
    if (at < length) {
        p->part = malloc(sizeof *p->part + length - at);
        if (!p->part) fail("memory");
        p->part->have = length - at;
        memcpy(p->part->bytes, buffer + at, length - at);
    }
}

static void ready(struct person *p) {
    if (p->state == DIALING) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) {
            lose(p, 0);
            return;
        }
        watch(p, EPOLL_CTL_MOD, EPOLLIN);
        ask(p);
    } else if (p->state != AWAY) {
        read_some(p);
    }
}

/* Those who are away and may come now, in turn. */
static void let_come(double t) {
    static int turn;
    int coming = number - open_now - away;
    for (int i = 0; i < number && away && coming < window; i++) {
        struct person *p = &people[turn++ % number];
        if (turn >= number) turn = 0;
        if (p->state != AWAY || p->due > t - began) continue;
        dial(p);
        coming++;
    }
}

static void send_letter(int from, int to, uint64_t us) {
    char id[64], text[512];
    snprintf(id, sizeof id, "%llu.%06llu.%d", (unsigned long long)us / 1000000,
             (unsigned long long)us % 1000000, to);
    int n = snprintf(text, sizeof text,
                     "{\"op\":\"send\",\"id\":\"%s\",\"key\":\"%s\",\"to\":\"u:%d\","
                     "\"text\":\"at %.6f by %d in %d: a message of some length, as people write\"}",
                     id, id, first_id + to, us / 1e6, number_of(&people[from]), round_number);
    put_frame(&people[from], 1, text, n);
}

static void send_letters(double t) {
    for (int i = 0; i < letters_now; i++) {
        struct letter letter = letters[i];
        if (letter.due > t || people[letter.from].state != OPEN) continue;
        letters[i--] = letters[--letters_now];
        if (letter.to < 0) ask_list(&people[letter.from]);
        else send_letter(letter.from, letter.to, letter.us);
    }
}

/* Whom someone writes to: anyone of another node (splitmix64). */
static int partner(int i) {
    uint64_t state = (uint64_t)node << 32 | (uint32_t)i;
    while (1) {
        uint64_t z = state += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        int to = (z ^ z >> 31) % ((uint64_t)number * nodes);
        if (to % nodes != node) return to;
    }
}

static void talk(double t) {
    while (talk_left && talk_done + 1 <= (t - talk_from) * talk_rate) {
        int i = talk_next % talk_some;
        if (people[i].state != OPEN) return; /* they are awaited */
        /* In whole µs, so that what is read is what was written. */
        uint64_t us = now() * 1e6;
        sent++;
        sent_sum += us;
        send_letter(i, talk_node < 0 ? partner(i) : talk_node + talk_next * nodes, us);
        talk_next++;
        talk_left--;
        talk_done++;
    }
}

static void show_times(const char *name, struct times *times) {
    printf(", \"%s\": [", name);
    for (size_t i = 0; i < times->count; i++) printf("%s%.2f", i ? "," : "", times->values[i]);
    printf("]");
}

static void show(int all) {
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
        {"open", open_now}, {"welcomed", welcomed}, {"lost", lost}, {"refused", refused},
        {"pings", pings}, {"pinged", pinged}, {"sent", sent}, {"sent_sum", sent_sum},
        {"answered", answered}, {"again", again}, {"errors", errors}, {"heard", heard},
        {"heard_sum", heard_sum}, {"repeated", repeated}, {"to_send", talk_left},
    };
    printf("{\"opened_at\": %.6f", opened_at);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        printf(", \"%s\": %llu", counts[i].name, (unsigned long long)counts[i].value);
    if (all) {
        show_times("answer_ms", &answer_times);
        show_times("reading_ms", &reading_times);
    }
    printf("}\n");
    fflush(stdout);
}

static void begin_round(void) {
    letters_now = 0;
    sent = sent_sum = answered = again = errors = heard = heard_sum = repeated = 0;
    lost = refused = pings = 0;
    pinged = 0;
    answer_times.count = reading_times.count = 0;
    for (int i = 0; i < number; i++) people[i].marks &= RETURNING;
}

static void obey(const char *order) {
    if (sscanf(order, "connect %d", &window) == 1) return;
    if (sscanf(order, "round %d %d", &round_number, &once) == 2) {
        begin_round();
    } else if (sscanf(order, "talk %d %lf %d %d", &talk_left, &talk_rate, &talk_node,
                      &talk_some) == 4) {
        talk_from = now();
        talk_done = talk_next = 0;
    } else if (!strncmp(order, "state", 5)) {
        show(0);
    } else if (!strncmp(order, "times", 5)) {
        show(1);
    } else {
        fprintf(stderr, "no such order: %s", order);
        exit(2);
    }
}

/* False when there will be no more orders. */
static int read_orders(void) {
    static char line[256];
    static size_t have;
    ssize_t n = read(0, line + have, sizeof line - 1 - have);
    if (n <= 0) return 0;
    have += n;
    char *end;
    while ((end = memchr(line, '\n', have))) {
        *end = 0;
        obey(line);
        have -= end + 1 - line;
        memmove(line, end + 1, have);
    }
    return have < sizeof line - 1;
}

/* How long nothing is to be done but to listen, in ms. */
static int patience(double t) {
    int wait = letters_now || (away && window) ? 20 : 1000;
    if (talk_left) {
        double due = talk_from + (talk_done + 1) / talk_rate - t;
        /* What is overdue waits for someone who is away. */
        if (due * 1000 < wait) wait = due > 0 ? due * 1000 + 1 : 20;
    }
    return wait;
}

int main(int count, char **arg) {
    if (count != 8) {
        fprintf(stderr, "see the head of wshold.c\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* whoever began us ends us */
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    server.sin_family = own.sin_family = AF_INET;
    server.sin_port = htons(atoi(arg[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    inet_aton(arg[2], &own.sin_addr);
    node = atoi(arg[3]);
    nodes = atoi(arg[4]);
    number = away = atoi(arg[5]);
    secret = arg[6];
    first_id = atoi(arg[7]);
    people = calloc(number, sizeof *people);
    if (!people) fail("memory");
    began = opened_at = now();
    srandom(node + 1);
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event orders = {.events = EPOLLIN, .data.u32 = STDIN_MARK};
    if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, 0, &orders) < 0) fail("standard input");
    struct epoll_event events[EVENTS];
    while (1) {
        double t = now();
        if (away && window) let_come(t);
        if (talk_left) talk(t);
        if (letters_now) send_letters(t);
        int n = epoll_wait(poll_fd, events, EVENTS, patience(t));
        for (int k = 0; k < n; k++) {
            if (events[k].data.u32 != STDIN_MARK) ready(&people[events[k].data.u32]);
            else if (!read_orders()) return 0;
        }
    }
}
