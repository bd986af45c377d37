/*
 * The commands. argv[0] is the command's name; the sandbox options are gone and the sandbox is entered. Each reports its own success
 * (report_ok(report_fd(), …)); main reports errors.
 */
#ifndef TUG_COMMANDS_H
#define TUG_COMMANDS_H

#include "error.h"

int cmd_probe(int argc, char **argv, struct error *err);
int cmd_sandbox(int argc, char **argv, struct error *err);
int cmd_lock(int argc, char **argv, struct error *err);
int cmd_create(int argc, char **argv, struct error *err);
int cmd_run(int argc, char **argv, struct error *err);
int cmd_start(int argc, char **argv, struct error *err);
int cmd_exec(int argc, char **argv, struct error *err);
int cmd_delete(int argc, char **argv, struct error *err);

int cmd_layer_apply(int argc, char **argv, struct error *err);
int cmd_layer_diff(int argc, char **argv, struct error *err);
int cmd_changes(int argc, char **argv, struct error *err);
int cmd_rm_tree(int argc, char **argv, struct error *err);
int cmd_du(int argc, char **argv, struct error *err);
int cmd_cp_out(int argc, char **argv, struct error *err);
int cmd_cp_in(int argc, char **argv, struct error *err);
int cmd_stat(int argc, char **argv, struct error *err);
int cmd_export(int argc, char **argv, struct error *err);
int cmd_volume_fill(int argc, char **argv, struct error *err);

#endif
