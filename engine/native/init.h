/* The built-in init (`--init`): pid 1 that runs the program, passes signals on and reaps. */
#ifndef TUG_INIT_H
#define TUG_INIT_H

/* Runs ourselves (the sealed copy at `self`) as init for the program. Returns only when it failed, with errno. */
void init_execute(int self, const char *program, char **arguments, char **env);

/* For main: true when we were started by init_execute. */
int init_is_wanted(int argc, char **argv);
int init_main(char **argv);

#endif
