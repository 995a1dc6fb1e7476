/* nop: the program that exec and vfork start: exits with the digit it is given. */
#include <unistd.h>

int main(int argc, char **argv)
{
    _exit(argc > 1 ? argv[1][0] - '0' : 0);
}
