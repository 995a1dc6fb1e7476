/* /dev/kmsg. */
#pragma once
int kmsg_init(void); /* registers the device; 0 or -errno */
