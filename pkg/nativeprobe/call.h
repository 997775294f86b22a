#pragma once

typedef struct {
  long number, args[6];
  int forks;  // A child that comes out of it ends at once.
  long result;
  int error;
} FloraCall;

void flora_make(FloraCall* call, int later);
long flora_text(char* text);
long flora_room(int size);
long flora_page(void);
long flora_filled(int size, long first);
long flora_iovec(void);
void flora_fault(void);
void flora_deafen(void);
