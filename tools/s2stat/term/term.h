/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The terminal: paints a struct screen, gives back keys.
 */
#ifndef S2STAT_TERM_TERM_H
#define S2STAT_TERM_TERM_H

#include "../source/failure.h"
#include "../view/screen.h"

int term_open(bool color, struct failure *f);
void term_close(void);
void term_size(int *rows, int *cols);
bool term_unicode(void);
void term_paint(const struct screen *s);
int term_key(double seconds);

#endif /* S2STAT_TERM_TERM_H */
