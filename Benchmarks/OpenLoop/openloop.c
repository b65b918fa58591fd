// Asks a server on 127.0.0.1 at a fixed rate, whatever it answers, and tells how long each request took from the moment at
// which it was due: one that could not be sent because all connections were waiting is late, and counts as slow.
//
// usage: openloop PORT RATE SECONDS CONNECTIONS < request
//
// Requests are due at even distances. Prints a line a request, in the order of the replies: the time at which it was due
// (microseconds of CLOCK_MONOTONIC), the status and the microseconds from then to the end of the reply.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LARGEST_REPLY = 65536 };
static const int64_t PATIENCE_NS = 30 * 1000000000LL;

struct connection {
    int socket;
    size_t filled;
    int64_t due;
    char reply[LARGEST_REPLY + 1];
};

struct outcome {
    int64_t due, took;
    int status;
};

static void fail(const char *what) {
    fprintf(stderr, "openloop: %s: %s\n", what, errno ? strerror(errno) : "unexpected");
    exit(1);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int open_connection(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address)) fail("connect");
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return descriptor;
}

// The status once the whole reply is there, 0 before.
static int receive(struct connection *connection) {
    ssize_t count = read(connection->socket, connection->reply + connection->filled, LARGEST_REPLY - connection->filled);
    if (count <= 0) {
        if (count == 0) errno = ECONNRESET;
        fail("read");
    }
    connection->filled += count;
    connection->reply[connection->filled] = 0;
    char *end = strstr(connection->reply, "\r\n\r\n");
    if (!end) return 0;
    char *length = strcasestr(connection->reply, "\r\ncontent-length:");
    if (!length || length > end) fail("a reply without Content-Length");
    size_t whole = end + 4 - connection->reply + strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
    if (whole > LARGEST_REPLY) fail("a reply that is too long");
    return connection->filled < whole ? 0 : atoi(connection->reply + strlen("HTTP/1.1 "));
}

int main(int count, char **arguments) {
    if (count != 5) {
        fprintf(stderr, "usage: openloop PORT RATE SECONDS CONNECTIONS < request\n");
        return 64;
    }
    int port = atoi(arguments[1]), connections = atoi(arguments[4]);
    double rate = atof(arguments[2]);
    long total = rate * atof(arguments[3]);
    if (port <= 0 || connections <= 0 || total <= 0) fail("arguments");
    char request[LARGEST_REPLY];
    size_t size = fread(request, 1, sizeof request, stdin);

    struct connection *all = calloc(connections, sizeof *all), **idle = calloc(connections, sizeof *idle);
    struct outcome *outcomes = calloc(total, sizeof *outcomes);
    struct epoll_event *events = calloc(connections, sizeof *events);
    if (!all || !idle || !outcomes || !events) fail("memory");
    // Connections take turns, so that none rests until the server closes it.
    int poll = epoll_create1(0), resting = 0, next = 0;
    for (int i = 0; i < connections; i++) {
        all[i].socket = open_connection(port);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, all[i].socket, &event)) fail("epoll_ctl");
        idle[resting++] = &all[i];
    }
    prctl(PR_SET_TIMERSLACK, 1);

    int64_t start = now() + 50000000;
    long sent = 0, done = 0;
    while (done < total) {
        int64_t time = now(), due = start + sent * 1e9 / rate;
        while (sent < total && due <= time && resting > 0) {
            struct connection *connection = idle[next];
            next = (next + 1) % connections;
            resting--;
            connection->due = due;
            connection->filled = 0;
            if (write(connection->socket, request, size) != (ssize_t)size) fail("write");
            due = start + ++sent * 1e9 / rate;
        }
        int64_t rest = sent < total && resting > 0 ? due - time : PATIENCE_NS;
        if (rest < 0) rest = 0;
        struct timespec timeout = {.tv_sec = rest / 1000000000, .tv_nsec = rest % 1000000000};
        int ready = epoll_pwait2(poll, events, connections, &timeout, NULL);
        if (ready < 0) fail("epoll_pwait2");
        if (ready == 0 && rest == PATIENCE_NS) {
            errno = ETIMEDOUT;
            fail("no reply");
        }
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            int status = receive(connection);
            if (!status) continue;
            outcomes[done++] = (struct outcome){connection->due, now() - connection->due, status};
            idle[(next + resting++) % connections] = connection;
        }
    }
    for (long i = 0; i < total; i++)
        printf("%lld %d %lld\n", (long long)outcomes[i].due / 1000, outcomes[i].status, (long long)outcomes[i].took / 1000);
    return 0;
}
