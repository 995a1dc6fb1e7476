/* printf formatting into a bounded buffer: one cursor that counts the whole text and stores what
 * fits. Owns no state; any context. Must never read past a precision nor trust a NULL string. */
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/debug/ksyms.h"

struct out {
    char *buf;
    size_t size; /* including the NUL */
    size_t len;  /* of the whole text */
};

enum { F_LEFT = 1, F_ZERO = 2, F_PLUS = 4, F_SPACE = 8, F_ALT = 16, F_UPPER = 32 };

struct spec {
    unsigned flags;
    int width, precision; /* precision < 0: none */
    int length;           /* bytes of the argument: 1, 2, 4, 8 */
};

static void put_char(struct out *o, char c)
{
    if (o->len + 1 < o->size)
        o->buf[o->len] = c;
    o->len++;
}

static void put_bytes(struct out *o, const char *s, size_t n)
{
    if (o->len + n < o->size) {
        memcpy(o->buf + o->len, s, n);
        o->len += n;
        return;
    }
    while (n--)
        put_char(o, *s++);
}

static void put_fill(struct out *o, char c, int n)
{
    while (n-- > 0)
        put_char(o, c);
}

static void put_padded(struct out *o, const struct spec *sp, const char *s, size_t n)
{
    int fill = sp->width - (int)n;

    if (!(sp->flags & F_LEFT))
        put_fill(o, ' ', fill);
    put_bytes(o, s, n);
    if (sp->flags & F_LEFT)
        put_fill(o, ' ', fill);
}

/* prefix (sign, 0x), zeros up to the precision or, with the 0 flag, the width, then the digits. */
static void put_number(struct out *o, const struct spec *sp, u64 value, unsigned base,
                       const char *prefix)
{
    static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
    const char *digits = sp->flags & F_UPPER ? upper : lower;
    char tmp[24];
    int n = 0, plen = (int)strlen(prefix), zeros;

    if (base == 10)
        for (; value; value /= 10)
            tmp[sizeof(tmp) - ++n] = (char)('0' + value % 10);
    else
        for (; value; value /= base)
            tmp[sizeof(tmp) - ++n] = digits[value % base];
    if (!n && sp->precision != 0)
        tmp[sizeof(tmp) - ++n] = '0';
    zeros = sp->precision - n;
    if (sp->precision < 0 && (sp->flags & (F_ZERO | F_LEFT)) == F_ZERO)
        zeros = sp->width - plen - n;
    if (zeros < 0)
        zeros = 0;
    if (!(sp->flags & F_LEFT))
        put_fill(o, ' ', sp->width - plen - zeros - n);
    put_bytes(o, prefix, plen);
    put_fill(o, '0', zeros);
    put_bytes(o, tmp + sizeof(tmp) - n, n);
    if (sp->flags & F_LEFT)
        put_fill(o, ' ', sp->width - plen - zeros - n);
}

static void put_signed(struct out *o, const struct spec *sp, s64 v)
{
    const char *sign = v < 0 ? "-" : sp->flags & F_PLUS ? "+" : sp->flags & F_SPACE ? " " : "";

    put_number(o, sp, v < 0 ? 0 - (u64)v : (u64)v, 10, sign);
}

static void put_string(struct out *o, const struct spec *sp, const char *s)
{
    if (!s)
        s = "(null)";
    put_padded(o, sp, s, sp->precision < 0 ? strlen(s) : strnlen(s, sp->precision));
}

/* %p: 16 hexadecimal digits; %pS: symbol+offset/size of a text address. Returns what it used of the
 * format. */
static const char *put_pointer(struct out *o, struct spec *sp, const void *p, const char *fmt)
{
    char name[128];

    if (*fmt == 'S') {
        ksym_format((unsigned long)p, name, sizeof(name));
        put_padded(o, sp, name, strlen(name));
        return fmt + 1;
    }
    sp->precision = 16;
    put_number(o, sp, (u64)p, 16, sp->flags & F_ALT ? "0x" : "");
    return fmt;
}

static const char *parse_flags(const char *f, struct spec *sp)
{
    for (;; f++) {
        switch (*f) {
        case '-':
            sp->flags |= F_LEFT;
            break;
        case '0':
            sp->flags |= F_ZERO;
            break;
        case '+':
            sp->flags |= F_PLUS;
            break;
        case ' ':
            sp->flags |= F_SPACE;
            break;
        case '#':
            sp->flags |= F_ALT;
            break;
        default:
            return f;
        }
    }
}

static const char *parse_length(const char *f, struct spec *sp)
{
    sp->length = 4;
    for (;; f++) {
        if (*f == 'l' || *f == 'z' || *f == 'j' || *f == 't')
            sp->length = 8;
        else if (*f == 'h')
            sp->length /= 2;
        else
            return f;
    }
}

static const char *parse_int(const char *f, int *value)
{
    *value = 0;
    while (*f >= '0' && *f <= '9')
        *value = *value * 10 + (*f++ - '0');
    return f;
}

static s64 narrow_signed(s64 v, int length)
{
    return length == 8 ? v : length == 4 ? (s32)v : length == 2 ? (s16)v : (s8)v;
}

static u64 narrow_unsigned(u64 v, int length)
{
    return length == 8 ? v : length == 4 ? (u32)v : length == 2 ? (u16)v : (u8)v;
}

static void put_unsigned(struct out *o, struct spec *sp, u64 v, char conv)
{
    v = narrow_unsigned(v, sp->length);
    if (conv == 'u')
        put_number(o, sp, v, 10, "");
    else if (conv == 'o')
        put_number(o, sp, v, 8, sp->flags & F_ALT && v ? "0" : "");
    else
        put_number(o, sp, v, 16,
                   !(sp->flags & F_ALT) || !v ? ""
                   : sp->flags & F_UPPER      ? "0X"
                                              : "0x");
}

/* A va_list inside a struct can be handed down by address, whatever its type is. */
struct args {
    va_list ap;
};

static const char *parse_spec(const char *f, struct spec *sp, struct args *a)
{
    *sp = (struct spec){.precision = -1};
    f = parse_flags(f, sp);
    if (*f == '*') {
        sp->width = va_arg(a->ap, int);
        f++;
        if (sp->width < 0) {
            sp->flags |= F_LEFT;
            sp->width = -sp->width;
        }
    } else {
        f = parse_int(f, &sp->width);
    }
    if (*f == '.') {
        if (*++f == '*') {
            sp->precision = va_arg(a->ap, int);
            f++;
        } else {
            f = parse_int(f, &sp->precision);
        }
    }
    return parse_length(f, sp);
}

/* One conversion; f points behind the '%'. Returns the rest of the format. */
static const char *convert(struct out *o, const char *f, struct args *a)
{
    struct spec sp;
    char c;

    f = parse_spec(f, &sp, a);
    switch (*f) {
    case 'd':
    case 'i':
        put_signed(o, &sp,
                   sp.length == 8 ? va_arg(a->ap, s64)
                                  : narrow_signed(va_arg(a->ap, int), sp.length));
        return f + 1;
    case 'X':
        sp.flags |= F_UPPER; /* fall through */
    case 'u':
    case 'x':
    case 'o':
        put_unsigned(o, &sp, sp.length == 8 ? va_arg(a->ap, u64) : va_arg(a->ap, unsigned), *f);
        return f + 1;
    case 'c':
        c = (char)va_arg(a->ap, int);
        put_padded(o, &sp, &c, 1);
        return f + 1;
    case 's':
        put_string(o, &sp, va_arg(a->ap, const char *));
        return f + 1;
    case 'p':
        return put_pointer(o, &sp, va_arg(a->ap, void *), f + 1);
    case '\0':
        return f;
    case '%':
        put_char(o, '%');
        return f + 1;
    default:
        put_char(o, '%');
        put_char(o, *f);
        return f + 1;
    }
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct out o = {buf, size, 0};
    struct args a;

    va_copy(a.ap, ap);
    while (*fmt) {
        const char *run = fmt;

        while (*fmt && *fmt != '%')
            fmt++;
        put_bytes(&o, run, fmt - run);
        if (*fmt)
            fmt = convert(&o, fmt + 1, &a);
    }
    va_end(a.ap);
    if (size)
        buf[o.len < size ? o.len : size - 1] = '\0';
    return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return n;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return (size_t)n < size ? n : size ? (int)size - 1 : 0;
}
