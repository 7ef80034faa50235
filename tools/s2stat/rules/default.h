/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text of the rules that check goes by when it is given none.
 */
#ifndef S2STAT_RULES_DEFAULT_H
#define S2STAT_RULES_DEFAULT_H

extern const char rules_default[];

#endif /* S2STAT_RULES_DEFAULT_H */
