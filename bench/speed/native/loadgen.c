/* loadgen - a small load client for streamed chat answers, for benchmarks.
 *
 *   cc -O2 -Wall -o loadgen loadgen.c
 *   ./loadgen PORT PATH BODYFILE [-c conns] [-n requests] [-H "k: v"]... [-e END] [-t seconds] [-l late_ms] [-x] [-u]
 *
 * Sends BODYFILE by POST to 127.0.0.1:PORT PATH, n times over c connections (each starts its next
 * request when its last ended; connections are kept alive where the server allows it, -x: a new
 * connection for every request; -u: each ######### in BODYFILE becomes the
 * request's number, counted from the machine's clock, so that no two are equal in this run or in another one), and reads the answers.  An answer is good when its status is 200,
 * its framing ended properly and END (default "message_stop") was in it.
 * It looks for the markers  @<microseconds of CLOCK_MONOTONIC>;  that fake_ollama puts into each
 * chunk, whatever format they are wrapped in.  Prints one JSON object:
 *   ok, errors, error (the first), chunks, events (lines starting "data:" or "{"), bytes, wall_s,
 *   ttft_ms[] first marker since the request began to be sent, total_ms[] the whole answer,
 *   late_ms p50/p99/max and late_over: chunks that came more than late_ms after their mark.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    int fd, busy; size_t sent; int64_t t0;
    char head[16384]; size_t head_len; int have_head, status, mode, keep; /* mode 0 chunked 1 length 2 to-close */
    size_t left; int cst; char cline[24]; int clen;      /* chunk decoder: 0 size line, 1 data, 2 crlf, 3 trailer */
    int first, marks, ended; int mst; int64_t mval; size_t em; int bol;
    char err[200]; int errl;
} conn;

static char *req; static size_t req_len; static int port, nconn = 1, fresh; static long total = 1, started, done, ok, errors, over;
static const char *END = "message_stop"; static size_t end_len; static int64_t late_us = 50000, limit_us = 120000000;
static char *slots[16]; static int nslots, numbered; static long base;
static long chunks, events, nlate, caplate; static long long bytes; static int32_t *late; static float *ttft, *tot; static char first_err[512]; static int ep;

static int64_t now_us(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000LL + t.tv_nsec / 1000; }

static void arm(conn *c, int op) { struct epoll_event e = {.events = EPOLLIN | (c->busy && c->sent < req_len ? EPOLLOUT : 0), .data.ptr = c}; epoll_ctl(ep, op, c->fd, &e); }
static void begin(conn *c);
static void finish(conn *c, const char *why) {
    int64_t t = now_us();
    if (!why && c->status != 200) why = "status";
    if (!why && !c->ended) why = "no end marker";
    if (why) { errors++; if (!*first_err) { snprintf(first_err, sizeof first_err, "%s %d %.*s", why, c->status, c->errl, c->err); for (char *p = first_err; *p; p++) if (*p == '"' || *p == '\\' || (unsigned char)*p < 32) *p = '\''; } }
    else { tot[ok] = (t - c->t0) / 1000.0f; ttft[ok] = c->first ? c->first / 1000.0f : -1; ok++; }
    done++; c->busy = 0;
    if (why || !c->keep || fresh) { close(c->fd); c->fd = -1; } else arm(c, EPOLL_CTL_MOD);
    if (started < total) begin(c);
}
static void begin(conn *c) {
    started++;
    char number[16]; snprintf(number, sizeof number, "%09ld", (base + started) % 1000000000);
    for (int i = 0; i < nslots; i++) memcpy(slots[i], number, 9);
    c->t0 = now_us();
    if (c->fd < 0) {
        int one = 1; c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        if (connect(c->fd, (void *)&a, sizeof a) && errno != EINPROGRESS) { perror("connect"); exit(1); }
        c->busy = 1; c->sent = 0; arm(c, EPOLL_CTL_ADD);
    } else { c->busy = 1; c->sent = 0; arm(c, EPOLL_CTL_MOD); }
    c->head_len = c->have_head = c->status = c->cst = c->clen = c->first = c->marks = c->ended = c->mst = c->em = c->errl = 0; c->bol = 1; c->left = 0;
}
static void scan(conn *c, const char *p, size_t n, int64_t t) {
    bytes += n;
    if (c->errl < 200) { int k = n < (size_t)(200 - c->errl) ? (int)n : 200 - c->errl; memcpy(c->err + c->errl, p, k); c->errl += k; }
    for (size_t i = 0; i < n; i++) {
        char ch = p[i];
        if (c->bol && (ch == '{' || ch == 'd')) events++;
        c->bol = ch == '\n';
        if (ch == END[c->em]) { if (++c->em == end_len) { c->ended = 1; c->em = 0; } } else c->em = ch == END[0];
        if (ch == '@') { c->mst = 1; c->mval = 0; }
        else if (c->mst) {
            if (ch >= '0' && ch <= '9') c->mval = c->mval * 10 + (ch - '0');
            else { if (ch == ';' && c->mval) {
                    if (!c->first) c->first = (int)(t - c->t0);
                    c->marks++; chunks++; int64_t d = t - c->mval; if (d > late_us) over++;
                    if (nlate == caplate) { caplate = caplate ? caplate * 2 : 65536; late = realloc(late, caplate * sizeof *late); }
                    late[nlate++] = (int32_t)d; }
                c->mst = 0; }
        }
    }
}
static void body(conn *c, const char *p, size_t n, int64_t t) {
    if (c->mode == 2) { scan(c, p, n, t); return; }
    if (c->mode == 1) { size_t k = n < c->left ? n : c->left; scan(c, p, k, t); c->left -= k; if (!c->left) finish(c, 0); return; }
    while (n && c->busy) {
        if (c->cst == 0 || c->cst == 3) {
            char ch = *p++; n--;
            if (ch == '\n') { c->cline[c->clen] = 0; int empty = c->clen == 0; 
                if (c->cst == 3) { if (empty) finish(c, 0); c->clen = 0; continue; }
                c->left = strtoul(c->cline, 0, 16); c->clen = 0; c->cst = c->left ? 1 : 3; }
            else if (ch != '\r' && c->clen < 23) c->cline[c->clen++] = ch;
        } else if (c->cst == 1) { size_t k = n < c->left ? n : c->left; scan(c, p, k, t); p += k; n -= k; c->left -= k; if (!c->left) c->cst = 2; }
        else { if (*p == '\n') c->cst = 0; p++; n--; }
    }
}
static void readable(conn *c) {
    static char b[1 << 18];
    while (c->busy) {
        ssize_t r = recv(c->fd, b, sizeof b, 0); int64_t t = now_us();
        if (r < 0) { if (errno == EAGAIN) return; finish(c, "recv"); return; }
        if (r == 0) { if (c->have_head && c->mode == 2) { c->keep = 0; finish(c, 0); } else finish(c, "closed early"); return; }
        char *p = b; size_t n = r;
        if (!c->have_head) {
            size_t k = n < sizeof c->head - 1 - c->head_len ? n : sizeof c->head - 1 - c->head_len; size_t old = c->head_len;
            memcpy(c->head + old, p, k); c->head_len += k; c->head[c->head_len] = 0;
            char *e = strstr(c->head, "\r\n\r\n"); if (!e) continue;
            size_t hl = e + 4 - c->head; p += hl - old; n -= hl - old; *e = 0; c->have_head = 1;
            sscanf(c->head, "%*s %d", &c->status);
            c->keep = !strcasestr(c->head, "\r\nconnection: close");
            char *l = strcasestr(c->head, "\r\ncontent-length:");
            if (strcasestr(c->head, "\r\ntransfer-encoding: chunked")) c->mode = 0; else if (l) { c->mode = 1; c->left = strtoul(l + 17, 0, 10); if (!c->left) { finish(c, 0); return; } } else c->mode = 2;
        }
        if (n) body(c, p, n, t);
    }
}
static int cmp(const void *a, const void *b) { int32_t x = *(int32_t *)a, y = *(int32_t *)b; return (x > y) - (x < y); }

int main(int argc, char **argv) {
    if (argc < 4) { fprintf(stderr, "usage: loadgen PORT PATH BODYFILE [options]\n"); return 2; }
    port = atoi(argv[1]); char hdr[4096] = ""; signal(SIGPIPE, SIG_IGN);
    for (int i = 4; i < argc; i++) {
        if (!strcmp(argv[i], "-x")) fresh = 1;
        else if (!strcmp(argv[i], "-u")) numbered = 1;
        else if (i + 1 < argc) { char *v = argv[i + 1];
            switch (argv[i][1]) { case 'c': nconn = atoi(v); break; case 'n': total = atol(v); break; case 'e': END = v; break; case 't': limit_us = (int64_t)(atof(v) * 1e6); break;
                case 'l': late_us = (int64_t)(atof(v) * 1000); break; case 'H': strcat(hdr, v); strcat(hdr, "\r\n"); break; }
            i++; }
    }
    end_len = strlen(END);
    FILE *f = fopen(argv[3], "rb"); if (!f) { perror(argv[3]); return 1; } fseek(f, 0, SEEK_END); size_t bl = ftell(f); rewind(f);
    req = malloc(bl + 8192); req_len = sprintf(req, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\nAccept: application/json\r\n%sContent-Length: %zu\r\n\r\n", argv[2], port, hdr, bl);
    if (fread(req + req_len, 1, bl, f) != bl) return 1;
    req_len += bl;
    if (numbered) base = now_us() / 100 % 1000000000; /* no two runs begin within a request's worth of it */
    if (numbered) for (char *p = req; nslots < 16 && (p = memmem(p, req + req_len - p, "#########", 9)); p += 9) slots[nslots++] = p;
    ttft = calloc(total, sizeof *ttft); tot = calloc(total, sizeof *tot); ep = epoll_create1(0);
    if (nconn > total) nconn = total;
    conn *cs = calloc(nconn, sizeof *cs); int64_t t0 = now_us();
    for (int i = 0; i < nconn; i++) { cs[i].fd = -1; begin(&cs[i]); }
    struct epoll_event evs[256];
    while (done < total) {
        int k = epoll_wait(ep, evs, 256, 1000); int64_t t = now_us();
        if (t - t0 > limit_us) { errors += total - done; if (!*first_err) snprintf(first_err, sizeof first_err, "time limit"); break; }
        for (int i = 0; i < k; i++) {
            conn *c = evs[i].data.ptr; if (c->fd < 0) continue;
            if (!c->busy) { char x[64]; if ((evs[i].events & EPOLLIN) && recv(c->fd, x, sizeof x, 0) <= 0) { close(c->fd); c->fd = -1; } continue; }
            if (c->sent < req_len && (evs[i].events & EPOLLOUT)) {
                ssize_t w = send(c->fd, req + c->sent, req_len - c->sent, MSG_NOSIGNAL);
                if (w < 0 && errno != EAGAIN) { finish(c, "send"); continue; }
                if (w > 0) { c->sent += w; if (c->sent == req_len) arm(c, EPOLL_CTL_MOD); }
            }
            if (evs[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(c);
        }
    }
    double wall = (now_us() - t0) / 1e6; qsort(late, nlate, sizeof *late, cmp);
    printf("{\"ok\":%ld,\"errors\":%ld,\"error\":\"%s\",\"chunks\":%ld,\"events\":%ld,\"bytes\":%lld,\"wall_s\":%.6f,\"late_over\":%ld", ok, errors, first_err, chunks, events, bytes, wall, over);
    if (nlate) printf(",\"late_p50_ms\":%.3f,\"late_p99_ms\":%.3f,\"late_max_ms\":%.3f", late[nlate / 2] / 1e3, late[(long)(nlate * 0.99)] / 1e3, late[nlate - 1] / 1e3);
    printf(",\"ttft_ms\":["); for (long i = 0; i < ok; i++) printf("%s%.3f", i ? "," : "", ttft[i]);
    printf("],\"total_ms\":["); for (long i = 0; i < ok; i++) printf("%s%.3f", i ? "," : "", tot[i]);
    printf("]}\n"); return 0;
}
