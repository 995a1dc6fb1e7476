/*
 * tcg_api.h: the part of QEMU's plugin interface that the plugins use, and the one place where its
 * versions differ. QEMU's header is not packaged by Debian, so the few prototypes stand here.
 *
 * The interface changed in a way that no single module can follow: QEMU 7.2 takes version 1 only,
 * QEMU 9.1 and later at least version 2. What differs is behind the functions at the end, which
 * tcg_api_v1.c and tcg_api_v3.c define; a plugin is linked with exactly one of the two.
 *
 * QEMU's licence makes a plugin GPL-2-compatible (MIT).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- QEMU's names, the same in every version ---- */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;
typedef uint32_t qemu_plugin_meminfo_t;
typedef struct qemu_info_t qemu_info_t;
enum { QEMU_PLUGIN_CB_NO_REGS = 0 };
enum { QEMU_PLUGIN_INLINE_ADD_U64 = 0 };
enum { QEMU_PLUGIN_MEM_R = 1, QEMU_PLUGIN_MEM_W = 2, QEMU_PLUGIN_MEM_RW = 3 };
typedef void (*vcpu_udata_cb)(unsigned vcpu, void *udata);
typedef void (*vcpu_mem_cb)(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *udata);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*cb)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, vcpu_udata_cb cb,
                                            int flags, void *udata);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, vcpu_udata_cb cb, int flags,
                                          void *udata);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, vcpu_mem_cb cb, int flags,
                                      int rw, void *udata);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*cb)(qemu_plugin_id_t, void *),
                                    void *udata);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t idx);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t vaddr);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *haddr);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *haddr);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);
unsigned qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);

#define EXPORT __attribute__((visibility("default")))
EXPORT extern int qemu_plugin_version;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

/* ---- what differs ---- */
#define INSN_BYTES 16

/* Makes counters 0 to n-1, all zero. Once, before anything is translated. */
void counters_make(size_t n);
/* The counter goes up by one each time the instruction runs, before it runs. */
void counter_on_insn(struct qemu_plugin_insn *insn, size_t counter);
/* Exact in a VM of one thread. */
uint64_t counter_sum(size_t counter);
/* The vCPU that runs a callback; given is what QEMU handed to the callback. */
unsigned running_vcpu(unsigned given);
/* Copies the instruction's first bytes, at most INSN_BYTES; returns how many. */
size_t insn_bytes(const struct qemu_plugin_insn *insn, uint8_t bytes[INSN_BYTES]);
/* A vCPU's turn ends after so many instructions, where the block ends that holds the last of them: the next vCPU's begins. For VMs of
 * one thread, which otherwise lets a vCPU run until the machine's next timer. False: not with this QEMU. Once, before anything is
 * translated. */
bool turns_make(long instructions);
/* For each block that is translated; nothing without turns_make. */
void turn_on_block(struct qemu_plugin_tb *tb);
