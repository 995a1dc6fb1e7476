// The rules of every document in configs/. A key that no rule names is refused, so a misspelt option
// never passes silently.
#include "perf/config/config_schema.h"

#include <string.h>

#define END {NULL, NULL, false}

static const struct config_rule text = {.type = CONFIG_TEXT, .min = 0, .max = 4096};
static const struct config_rule name_text = {.type = CONFIG_TEXT, .min = 1, .max = 64};
static const struct config_rule names = {.type = CONFIG_LIST, .min = 1, .max = 512, .of = &name_text};
static const struct config_rule texts = {.type = CONFIG_LIST, .min = 0, .max = 32, .of = &text};
static const struct config_rule yes_no = {.type = CONFIG_BOOL};
static const struct config_rule share = {.type = CONFIG_NUMBER, .min = 0, .max = 1};
static const struct config_rule count = {.type = CONFIG_WHOLE, .min = 1, .max = 1e9};

// configs/kernels.yaml
static const char *const families[] = {"cloudos", "linux", NULL};
static const struct config_rule family = {.type = CONFIG_TEXT, .words = families};
static const struct config_rule series = {.type = CONFIG_TEXT, .min = 1, .max = 16}; // "6.12": a number would lose 6.10
static const struct config_key kernel_keys[] = {
    {"label", &name_text, true}, {"family", &family, true}, {"image", &text, true},
    {"cmdline", &text, true},    {"missing", &text, false}, {"config", &text, false},
    {"set", &texts, false},      {"series", &series, false}, {"refused", &text, false},
    END,
};
static const struct config_rule kernel = {.type = CONFIG_MAP, .keys = kernel_keys};
static const struct config_rule kernels = {.type = CONFIG_MAP, .of = &kernel};

// configs/workloads.yaml
static const struct config_rule ratio = {.type = CONFIG_NUMBER, .min = 0.0001, .max = 100};
static const struct config_rule targets = {.type = CONFIG_LIST, .min = 2, .max = 2, .of = &ratio};
static const struct config_rule values_of = {.type = CONFIG_LIST, .min = 1, .max = 8, .of = &name_text};
static const struct config_rule least_cpus = {.type = CONFIG_WHOLE, .min = 1, .max = 255};
static const struct config_key workload_keys[] = {
    {"about", &text, true},       {"det", &count, true},      {"wall", &count, true},
    {"two_party", &yes_no, false}, {"targets", &targets, false}, {"targets_apart", &targets, false}, {"pad", &count, false},
    {"pad_ns", &count, false},
    {"values", &values_of, false}, {"cpus", &least_cpus, false},    END,
};
static const struct config_rule workload = {.type = CONFIG_MAP, .keys = workload_keys};
static const struct config_rule workloads = {.type = CONFIG_MAP, .of = &workload};

// configs/suites/NAME.yaml
static const struct config_key suite_keys[] = {
    {"about", &text, true}, {"workloads", &names, true}, END};
static const struct config_rule suite = {.type = CONFIG_MAP, .keys = suite_keys};
static const struct config_rule suites = {.type = CONFIG_MAP, .of = &suite};

// configs/topologies/NAME.yaml
static const struct config_rule cpus = {.type = CONFIG_WHOLE, .min = 1, .max = 255};
static const struct config_rule memory = {.type = CONFIG_WHOLE, .min = 0, .max = 1 << 20};
static const struct config_key node_keys[] = {
    {"cpus", &text, true}, {"memory_mb", &memory, true}, END};
static const struct config_rule node = {.type = CONFIG_MAP, .keys = node_keys};
static const struct config_rule node_list = {.type = CONFIG_LIST, .min = 1, .max = 64, .of = &node};
static const struct config_rule nodes = {
    .type = CONFIG_WHOLE, .min = 1, .max = 64, .other = &node_list};
static const struct config_rule distance = {.type = CONFIG_WHOLE, .min = 10, .max = 254};
static const struct config_rule distance_row = {
    .type = CONFIG_LIST, .min = 1, .max = 64, .of = &distance};
static const struct config_rule distances = {
    .type = CONFIG_LIST, .min = 1, .max = 64, .of = &distance_row};
static const struct config_rule machine_memory = {.type = CONFIG_WHOLE, .min = 16, .max = 1 << 20}; // with less no kernel gets to its console
static const struct config_key topology_keys[] = {
    {"about", &text, false},  {"cpus", &cpus, true},           {"memory_mb", &machine_memory, true},
    {"nodes", &nodes, false}, {"distances", &distances, false}, END,
};
static const struct config_rule topology = {.type = CONFIG_MAP, .keys = topology_keys};
static const struct config_rule topologies = {.type = CONFIG_MAP, .of = &topology};

// configs/policy.yaml
static const struct config_rule boots = {.type = CONFIG_WHOLE, .min = 1, .max = 1000};
static const struct config_key boots_keys[] = {
    {"det", &boots, true}, {"tcg", &boots, true}, {"kvm", &boots, true}, END};
static const struct config_rule boots_of = {.type = CONFIG_MAP, .keys = boots_keys};
static const char *const tiers[] = {"auto", "det", "tcg", "kvm", NULL};
static const struct config_rule tier = {.type = CONFIG_TEXT, .words = tiers};
static const char *const place_rules[] = {"none", "compact", "spread", NULL};
static const struct config_rule place_rule = {.type = CONFIG_TEXT, .words = place_rules};
static const char *const no_place[] = {"none", NULL}; // det: one thread is all CPUs, and where it runs changes no count
static const struct config_rule place_det = {.type = CONFIG_TEXT, .words = no_place};
static const struct config_key place_keys_of[] = {
    {"det", &place_det, true}, {"tcg", &place_rule, true}, {"kvm", &place_rule, true}, END};
static const struct config_rule place_of = {.type = CONFIG_MAP, .keys = place_keys_of};
static const struct config_rule huge_page = {.type = CONFIG_WHOLE, .min = 0, .max = 1 << 20};
static const char *const halts[] = {"host", "guest", NULL};
static const struct config_rule halt = {.type = CONFIG_TEXT, .words = halts};
static const struct config_rule canary = {.type = CONFIG_WHOLE, .min = 0, .max = 1e9};
static const struct config_rule turn = {.type = CONFIG_WHOLE, .min = 0, .max = 1e6};
static const struct config_rule seed = {.type = CONFIG_WHOLE, .min = 0, .max = 9007199254740992.0};
static const struct config_rule rows_each = {.type = CONFIG_WHOLE, .min = 1, .max = 24}; // Linux takes 32 words for init, a row is one
static const struct config_key rows_keys[] = {
    {"det", &rows_each, true}, {"alone", &rows_each, true}, {"tcg", &rows_each, true}, {"kvm", &rows_each, true}, END};
static const struct config_rule rows_of = {.type = CONFIG_MAP, .keys = rows_keys};
static const struct config_key run_keys[] = {
    {"tier", &tier, true},     {"topology", &name_text, true}, {"kernels", &names, true},
    {"suites", &names, true},  {"boots", &boots_of, true},     {"canary", &canary, true},
    {"seed", &seed, true},     {"place", &place_of, true},     {"huge_page_kb", &huge_page, true},
    {"halt", &halt, true},     {"rows_per_boot", &rows_of, true}, {"turn_ns", &turn, true},       END,
};
static const struct config_rule run = {.type = CONFIG_MAP, .keys = run_keys};
static const struct config_rule floors = {.type = CONFIG_MAP, .of = &share};
static const struct config_rule pairs = {.type = CONFIG_WHOLE, .min = 2, .max = 500};
static const struct config_key verdict_keys[] = {
    {"false_discovery", &share, true}, {"minimum_pairs", &pairs, true}, {"seed", &seed, true},
    {"floors", &floors, true},         END,
};
static const struct config_rule verdict = {.type = CONFIG_MAP, .keys = verdict_keys};
static const struct config_key gate_keys[] = {{"floors", &floors, true}, {"drift", &share, true}, END};
static const struct config_rule gate = {.type = CONFIG_MAP, .keys = gate_keys};
static const struct config_rule days = {.type = CONFIG_WHOLE, .min = 0, .max = 1e6};
static const struct config_rule last_runs = {.type = CONFIG_WHOLE, .min = 1, .max = 1e6};
static const struct config_key keep_keys[] = {{"last", &last_runs, true}, {"days", &days, true}, END};
static const struct config_rule keep = {.type = CONFIG_MAP, .keys = keep_keys};
static const struct config_key policy_keys[] = {
    {"run", &run, true}, {"verdict", &verdict, true}, {"gate", &gate, true}, {"keep", &keep, true}, END};
static const struct config_rule policy = {.type = CONFIG_MAP, .keys = policy_keys};

// configs/tune/NAME.yaml
static const struct config_rule value_number = {.type = CONFIG_NUMBER};
static const struct config_rule value = {.type = CONFIG_TEXT, .min = 1, .max = 64, .other = &value_number};
static const struct config_rule values = {.type = CONFIG_LIST, .min = 2, .max = 16, .of = &value};
static const struct config_key knob_keys[] = {
    {"about", &text, true},    {"path", &text, false},    {"word", &name_text, false},
    {"values", &values, true}, {"default", &value, true}, END};
static const struct config_rule knob = {.type = CONFIG_MAP, .keys = knob_keys};
static const struct config_rule knobs = {.type = CONFIG_MAP, .of = &knob};
static const struct config_key objective_keys[] = {
    {"workload", &name_text, true}, {"metric", &name_text, true}, END};
static const struct config_rule objective = {.type = CONFIG_MAP, .keys = objective_keys};
static const struct config_rule objectives = {.type = CONFIG_LIST, .min = 1, .max = 8, .of = &objective};
static const struct config_rule budget = {.type = CONFIG_WHOLE, .min = 4, .max = 10000};
static const struct config_key tune_keys[] = {
    {"about", &text, true},   {"kernel", &name_text, true}, {"budget", &budget, true},
    {"knobs", &knobs, true},  {"objectives", &objectives, true}, END};
static const struct config_rule tune = {.type = CONFIG_MAP, .keys = tune_keys};
static const struct config_rule tunes = {.type = CONFIG_MAP, .of = &tune};

// configs/triage.yaml
static const char *const states[] = {"expected", "bug", "noise", "accepted", NULL};
static const struct config_rule state = {.type = CONFIG_TEXT, .words = states};
static const struct config_rule commit = {.type = CONFIG_TEXT, .min = 7, .max = 40};
static const struct config_rule remark = {.type = CONFIG_TEXT, .min = 1, .max = 1000};
static const struct config_key note_keys[] = {
    {"workload", &name_text, true}, {"state", &state, true},     {"text", &remark, true},
    {"metric", &name_text, false},  {"kernel", &name_text, false}, {"tier", &name_text, false},
    {"from", &commit, false},       {"to", &commit, false},      {"link", &text, false},
    END};
static const struct config_rule note = {.type = CONFIG_MAP, .keys = note_keys};
static const struct config_rule notes = {.type = CONFIG_MAP, .of = &note};

// configs/knobs.yaml
static const struct config_key file_keys[] = {{"file", &text, true}, {"before", &series, false}, END};
static const struct config_rule file_by_series = {.type = CONFIG_MAP, .keys = file_keys};
static const struct config_rule files_by_series = {.type = CONFIG_LIST, .min = 1, .max = 8, .of = &file_by_series};
static const struct config_rule knob_files = {.type = CONFIG_TEXT, .min = 1, .max = 256, .other = &files_by_series};
static const struct config_key place_keys[] = {
    {"about", &text, true}, {"cloudos", &knob_files, false}, {"linux", &knob_files, false}, END};
static const struct config_rule place = {.type = CONFIG_MAP, .keys = place_keys};
static const struct config_rule places = {.type = CONFIG_MAP, .of = &place};

// configs/sched/NAME.yaml
static const struct config_key setting_keys[] = {
    {"why", &text, true}, {"cloudos", &value, false}, {"linux", &value, false}, {"before", &series, false}, END};
static const struct config_rule setting = {.type = CONFIG_MAP, .keys = setting_keys};
static const struct config_rule settings_of = {.type = CONFIG_MAP, .of = &setting};
static const struct config_key profile_keys[] = {
    {"about", &text, true}, {"knobs", &settings_of, true}, END};
static const struct config_rule profile = {.type = CONFIG_MAP, .keys = profile_keys};
static const struct config_rule profiles = {.type = CONFIG_MAP, .of = &profile};

const char *const config_names[] = {"kernels", "knobs",  "policy", "sched",     "suites",
                                    "topologies", "triage", "tune",   "workloads", NULL};

const struct config_rule *config_rule_of(const char *name)
{
    static const struct config_rule *const rules[] = {&kernels,    &places, &policy, &profiles, &suites,
                                                      &topologies, &notes,  &tunes,  &workloads};
    for (size_t i = 0; config_names[i]; i++)
        if (!strcmp(config_names[i], name))
            return rules[i];
    return NULL;
}
