/* fake_ollama - a fast stand-in for an Ollama server, for benchmarks.
 *
 *   cc -O2 -Wall -o fake_ollama fake_ollama.c
 *   ./fake_ollama PORT            (listens on 127.0.0.1 only)
 *
 * One thread, epoll, no dependency.  Answers
 *   GET/HEAD /  /api/version  /api/tags  /api/ps  /v1/models,  POST /api/show
 *   POST /api/chat               NDJSON like server/routes.go (or one JSON object with "stream": false)
 *   POST /v1/chat/completions    SSE like middleware/openai.go (or one JSON object without "stream": true)
 * The model name scripts the answer: any name that contains  bench-<N>x<D>  gives N content
 * chunks, the i-th due i*D milliseconds after the request was read whole (D = 0: as fast as the
 * reader takes them); bench-<N>x<D>w<W> waits W ms before the first chunk.
 * The content of each chunk is a marker  @<t>;<i>  (i: its number, so that no two are equal: LiteLLM
 * gives up after 100 equal chunks) where t is the moment the chunk was due
 * (D > 0) or was put in the send buffer (D = 0), in microseconds of CLOCK_MONOTONIC, so that a
 * client on the same machine can tell how late each chunk reached it.
 * A prompt is said to have had a token for every four bytes of its request.
 * GET /fake/stats gives counters: requests, open streams, streams that the peer closed early.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
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

#define HIGH (64 << 10)          /* stop generating above this much unsent output */
#define STAMP "2026-11-22T12:00:00.123456789Z"

typedef struct conn {
    int fd, closed;
    char *in; size_t in_len, in_cap;      /* request bytes */
    size_t body_at, body_len; int chunked, have_head, sent_continue;
    char *out; size_t out_at, out_len, out_cap;
    int streaming, openai, usage, plain;         /* a streamed answer is under way */
    long prompt;                          /* tokens read: a quarter of the body's bytes */
    long n, i; int64_t start, step;       /* chunks in all, next one, schedule (us) */
    char model[96];
    struct conn *prev, *next;
} conn;

static conn *all; static int ep, want_out_dirty;
static long n_requests, n_aborted, n_open;

static int64_t now_us(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000LL + t.tv_nsec / 1000; }

static void reserve(char **p, size_t *cap, size_t need) {
    if (*cap >= need) return;
    size_t c = *cap ? *cap : 4096; while (c < need) c *= 2;
    *p = realloc(*p, c); if (!*p) abort();
    *cap = c;
}
static void put(conn *c, const char *s, size_t n) {
    if (c->out_at == c->out_len) c->out_at = c->out_len = 0;
    reserve(&c->out, &c->out_cap, c->out_len + n); memcpy(c->out + c->out_len, s, n); c->out_len += n;
}
static void chunk(conn *c, const char *s, size_t n) {   /* one HTTP chunk, as Go's Flush makes */
    char h[24]; int k = snprintf(h, sizeof h, "%zx\r\n", n);
    put(c, h, k); put(c, s, n); put(c, "\r\n", 2);
}
static void reply(conn *c, int code, const char *type, const char *body, int head) {
    char h[256]; int k = snprintf(h, sizeof h, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                                  code, code == 200 ? "OK" : "Not Found", type, strlen(body));
    put(c, h, k); if (!head) put(c, body, strlen(body));
}

/* A whole answer, when the time of its last chunk has come; each mark tells when its chunk was due. */
static void whole(conn *c) {
    long n = c->n; char *b = malloc(n * 24 + 1024), *p = b;
    p += sprintf(p, c->openai ? "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1795348800,\"model\":\"%s\",\"system_fingerprint\":\"fp_ollama\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"" : "{\"model\":\"%s\",\"created_at\":\"" STAMP "\",\"message\":{\"role\":\"assistant\",\"content\":\"", c->model);
    for (long i = 0; i < n; i++) p += sprintf(p, "@%lld;", (long long)(c->start + i * c->step));
    sprintf(p, c->openai ? "\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":%ld,\"completion_tokens\":%ld}}\n" : "\"},\"done\":true,\"done_reason\":\"stop\",\"total_duration\":4883583458,\"load_duration\":1334875,\"prompt_eval_count\":%ld,\"prompt_eval_duration\":342546000,\"eval_count\":%ld,\"eval_duration\":4535599000}", c->prompt, n);
    reply(c, 200, "application/json; charset=utf-8", b, 0); free(b); c->streaming = 0; n_open--;
}

/* Generate what is due, up to HIGH bytes. */
static void generate(conn *c) {
    char b[512]; int k; int64_t t = now_us();
    if (c->plain) { if (c->start + (c->n - 1) * c->step <= t) whole(c); return; }
    while (c->streaming && c->out_len - c->out_at < HIGH) {
        if (c->i < c->n) {
            int64_t due = c->start + c->i * c->step;
            if (due > t) return;
            int64_t mark = c->step ? due : t;
            if (c->openai)
                k = snprintf(b, sizeof b, "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1795348800,\"model\":\"%s\",\"system_fingerprint\":\"fp_ollama\",\"choices\":[{\"index\":0,\"delta\":{%s\"content\":\"@%lld;%ld \"},\"finish_reason\":null}]}\n\n",
                             c->model, c->i ? "" : "\"role\":\"assistant\",", (long long)mark, c->i);
            else
                k = snprintf(b, sizeof b, "{\"model\":\"%s\",\"created_at\":\"" STAMP "\",\"message\":{\"role\":\"assistant\",\"content\":\"@%lld;%ld \"},\"done\":false}\n", c->model, (long long)mark, c->i);
            chunk(c, b, k); c->i++;
        } else {
            if (c->openai) {
                k = snprintf(b, sizeof b, "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1795348800,\"model\":\"%s\",\"system_fingerprint\":\"fp_ollama\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n", c->model);
                chunk(c, b, k);
                if (c->usage) {
                    k = snprintf(b, sizeof b, "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1795348800,\"model\":\"%s\",\"system_fingerprint\":\"fp_ollama\",\"choices\":[],\"usage\":{\"prompt_tokens\":%ld,\"completion_tokens\":%ld,\"total_tokens\":%ld}}\n\n", c->model, c->prompt, c->n, c->n + c->prompt);
                    chunk(c, b, k);
                }
                chunk(c, "data: [DONE]\n\n", 14);
            } else {
                k = snprintf(b, sizeof b, "{\"model\":\"%s\",\"created_at\":\"" STAMP "\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"total_duration\":4883583458,\"load_duration\":1334875,\"prompt_eval_count\":%ld,\"prompt_eval_duration\":342546000,\"eval_count\":%ld,\"eval_duration\":4535599000}\n", c->model, c->prompt, c->n);
                chunk(c, b, k);
            }
            put(c, "0\r\n\r\n", 5); c->streaming = 0; n_open--;
        }
    }
}

static void chat(conn *c, const char *body, size_t len, int openai) {
    const char *m = memmem(body, len, "bench-", 6);
    if (!m) { reply(c, 404, "application/json", openai ? "{\"error\":{\"message\":\"model not found\",\"type\":\"not_found_error\",\"param\":null,\"code\":null}}\n" : "{\"error\":\"model not found\"}", 0); return; }
    const char *q = m; while (q > body && q[-1] != '"') q--;
    size_t k = 0; while (k < sizeof c->model - 1 && q + k < body + len && q[k] != '"') { c->model[k] = q[k]; k++; } c->model[k] = 0;
    long n = 1, d = 0, w = 0; sscanf(strstr(c->model, "bench-"), "bench-%ldx%ldw%ld", &n, &d, &w);
    int stream = !openai;                       /* Ollama's defaults */
    const char *s = memmem(body, len, "\"stream\"", 8);
    if (s) { s += 8; while (s < body + len && (*s == ' ' || *s == ':')) s++; stream = *s == 't'; }
    c->usage = memmem(body, len, "include_usage", 13) != NULL;
    c->prompt = len / 4;
    c->openai = openai; c->n = n; c->i = 0; c->step = d * 1000; c->start = now_us() + w * 1000;
    c->plain = !stream;
    if (c->plain) { c->i = n - 1; c->streaming = 1; n_open++; generate(c); return; }   /* answers when the last chunk would be due */
    const char *h = openai ? "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                           : "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
    put(c, h, strlen(h)); c->streaming = 1; n_open++; generate(c);
}

static void handle(conn *c, char *body, size_t len) {
    char method[8] = "", path[256] = ""; sscanf(c->in, "%7s %255s", method, path);
    int head = !strcmp(method, "HEAD"); char *qm = strchr(path, '?'); if (qm) *qm = 0;
    n_requests++;
    const char *J = "application/json; charset=utf-8";
    if (!strcmp(path, "/api/chat")) chat(c, body, len, 0);
    else if (!strcmp(path, "/v1/chat/completions")) chat(c, body, len, 1);
    else if (!strcmp(path, "/")) reply(c, 200, "text/plain; charset=utf-8", "Ollama is running", head);
    else if (!strcmp(path, "/api/version")) reply(c, 200, J, "{\"version\":\"0.31.1\"}", head);
    else if (!strcmp(path, "/api/tags")) reply(c, 200, J, "{\"models\":[{\"name\":\"bench-1x0:latest\",\"model\":\"bench-1x0:latest\",\"modified_at\":\"" STAMP "\",\"size\":4683087332,\"digest\":\"0a8c266910232fd3291e71e5ba1e058cc5af9d411192cf88b6d30e92b6e73163\",\"details\":{\"parent_model\":\"\",\"format\":\"gguf\",\"family\":\"qwen3\",\"families\":[\"qwen3\"],\"parameter_size\":\"8.2B\",\"quantization_level\":\"Q4_K_M\"}}]}", head);
    else if (!strcmp(path, "/api/ps")) reply(c, 200, J, "{\"models\":[]}", head);
    else if (!strcmp(path, "/v1/models")) reply(c, 200, J, "{\"object\":\"list\",\"data\":[{\"id\":\"bench-1x0:latest\",\"object\":\"model\",\"created\":1795348800,\"owned_by\":\"library\"}]}\n", head);
    else if (!strcmp(path, "/api/show")) reply(c, 200, J, "{\"modelfile\":\"FROM x\",\"parameters\":\"\",\"template\":\"{{ .System }}{{ .Tools }}{{ .Prompt }}\",\"details\":{\"parent_model\":\"\",\"format\":\"gguf\",\"family\":\"qwen3\",\"families\":[\"qwen3\"],\"parameter_size\":\"8.2B\",\"quantization_level\":\"Q4_K_M\"},\"model_info\":{\"general.architecture\":\"qwen3\",\"qwen3.context_length\":16777216},\"capabilities\":[\"completion\",\"tools\",\"thinking\",\"vision\"],\"modified_at\":\"" STAMP "\"}", head);
    else if (!strcmp(path, "/fake/stats")) { char b[200]; snprintf(b, sizeof b, "{\"requests\":%ld,\"open\":%ld,\"aborted\":%ld}", n_requests, n_open, n_aborted); reply(c, 200, J, b, head); }
    else reply(c, 404, "text/plain", "404 page not found", head);
}

static void close_conn(conn *c) {
    if (c->closed) return;
    if (c->streaming) { n_aborted++; n_open--; }
    close(c->fd); c->closed = 1; c->streaming = 0; want_out_dirty = 1;
}

static void flush_out(conn *c) {
    for (;;) {
        if (c->streaming) generate(c);
        if (c->out_at == c->out_len) break;
        ssize_t k = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);
        if (k < 0) { if (errno == EAGAIN) return; close_conn(c); return; }
        c->out_at += k;
    }
    c->out_at = c->out_len = 0;
}

static void process(conn *c) {             /* as many whole requests as are in the buffer */
    while (!c->closed && !c->streaming) {
        if (!c->have_head) {
            if (!c->in_len) return;
            c->in[c->in_len] = 0;
            char *e = memmem(c->in, c->in_len, "\r\n\r\n", 4); if (!e) return;
            *e = 0; c->have_head = 1; c->body_at = e + 4 - c->in; c->body_len = 0; c->chunked = 0;
            char *p = strcasestr(c->in, "\r\ncontent-length:"); if (p) c->body_len = strtoul(p + 17, 0, 10);
            if (strcasestr(c->in, "\r\ntransfer-encoding: chunked")) c->chunked = 1;
            if (strcasestr(c->in, "100-continue")) put(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
            if (!c->chunked) { reserve(&c->in, &c->in_cap, c->body_at + c->body_len + 1); }
        }
        size_t end, len; char *body = c->in + c->body_at;
        if (c->chunked) {                  /* decode in place only once whole */
            char *p = body, *lim = c->in + c->in_len; int whole = 0;
            while (p < lim) { char *nl = memmem(p, lim - p, "\r\n", 2); if (!nl) break; size_t k = strtoul(p, 0, 16); p = nl + 2 + k + 2; if (!k) { whole = p <= lim; break; } }
            if (!whole) return;
            end = p - c->in; char *w = body; p = body;
            for (;;) { char *nl = memmem(p, lim - p, "\r\n", 2); size_t k = strtoul(p, 0, 16); if (!k) break; memmove(w, nl + 2, k); w += k; p = nl + 2 + k + 2; }
            len = w - body;
        } else { end = c->body_at + c->body_len; len = c->body_len; if (c->in_len < end) return; }
        handle(c, body, len);
        memmove(c->in, c->in + end, c->in_len - end); c->in_len -= end; c->have_head = 0;
        flush_out(c);
    }
}

int main(int argc, char **argv) {
    int port = argc > 1 ? atoi(argv[1]) : 11434, one = 1; signal(SIGPIPE, SIG_IGN);
    int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(ls, (void *)&a, sizeof a) || listen(ls, 4096)) { perror("bind"); return 1; }
    ep = epoll_create1(0); struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL}, evs[256];
    epoll_ctl(ep, EPOLL_CTL_ADD, ls, &ev);
    for (;;) {
        int64_t next = INT64_MAX;
        for (conn *c = all; c; c = c->next)
            if (c->streaming && c->out_at == c->out_len) { int64_t d = c->start + c->i * c->step; if (c->i >= c->n) d = 0; if (d < next) next = d; }
        int wait = -1;
        if (next != INT64_MAX) { int64_t t = now_us(); wait = next <= t ? 0 : (int)((next - t + 999) / 1000); }
        int k = epoll_wait(ep, evs, 256, wait);
        for (int i = 0; i < k; i++) {
            conn *c = evs[i].data.ptr;
            if (!c) {
                int fd; while ((fd = accept4(ls, 0, 0, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    c = calloc(1, sizeof *c); c->fd = fd; c->next = all; if (all) all->prev = c; all = c;
                    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
                    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
                }
                continue;
            }
            if (c->closed) continue;
            int eof = 0;
            if (evs[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
                for (;;) {
                    reserve(&c->in, &c->in_cap, c->in_len + 65536 + 1);
                    ssize_t r = recv(c->fd, c->in + c->in_len, c->in_cap - c->in_len - 1, 0);
                    if (r > 0) { c->in_len += r; continue; }
                    if (r == 0 || errno != EAGAIN) eof = 1;
                    break;
                }
            if (eof) { close_conn(c); continue; }
            process(c); if (!c->closed) { flush_out(c); process(c); }
        }
        for (conn *c = all; c; c = c->next) if (!c->closed && c->streaming && c->out_at == c->out_len) { flush_out(c); if (!c->streaming) process(c); }
        if (want_out_dirty) {              /* free closed connections, after the events of this turn */
            want_out_dirty = 0;
            for (conn *c = all, *n; c; c = n) { n = c->next; if (c->closed) { if (c->prev) c->prev->next = n; else all = n; if (n) n->prev = c->prev; free(c->in); free(c->out); free(c); } }
        }
    }
}
