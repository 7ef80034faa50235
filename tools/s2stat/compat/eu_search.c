// SPDX-License-Identifier: GPL-2.0-only
/*
 * For static links against elfutils 0.192 as Debian 13 packages it: its
 * libelf.a calls four functions that are in no archive of the package. They
 * are search trees of libelf's own (lib/eu-search.h); a process with one
 * thread needs no more of them than the C library's tsearch().
 *
 * Linked only if libelf.a has them undefined (see the Makefile).
 */
#include <search.h>
#include <stddef.h>

/* The root comes first in libelf's structure; a lock follows. */
struct search_tree {
	void *root;
};

void eu_search_tree_init(struct search_tree *tree);
void eu_search_tree_fini(struct search_tree *tree, void (*free_node)(void *));
void *eu_tsearch(const void *key, struct search_tree *tree,
		 int (*compare)(const void *, const void *));
void *eu_tdelete(const void *key, struct search_tree *tree,
		 int (*compare)(const void *, const void *));

void eu_search_tree_init(struct search_tree *tree)
{
	tree->root = NULL;
}

void eu_search_tree_fini(struct search_tree *tree, void (*free_node)(void *))
{
	tdestroy(tree->root, free_node);
	tree->root = NULL;
}

void *eu_tsearch(const void *key, struct search_tree *tree,
		 int (*compare)(const void *, const void *))
{
	return tsearch(key, &tree->root, compare);
}

void *eu_tdelete(const void *key, struct search_tree *tree,
		 int (*compare)(const void *, const void *))
{
	return tdelete(key, &tree->root, compare);
}
