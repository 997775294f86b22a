// What the constructor in early.c did, for Go to read.
#pragma once

typedef struct {
  int ran;           // The environment asked for confinement.
  int no_new_privs;  // 1, or minus errno.
  int landlock;      // The ABI in force, or minus errno.
  int capabilities;  // 1 when all are gone, or minus errno.
} FloraEarly;

FloraEarly flora_early(void);
