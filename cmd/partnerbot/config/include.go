package config

import (
	"path/filepath"
	"slices"
	"strings"
)

// A policy of more than that is a mistake: a glob that matches the wrong folder.
const (
	maxIncluded     = 100
	maxIncludedSize = 4 << 20
)

// included reads the files that a configuration names, relative to itself. What
// they include in turn is not read, so there are no circles.
func included(v value, read func(string) ([]byte, error)) []fields {
	var parts []fields
	size := 0
	for _, i := range v.items() {
		for _, path := range i.matching(v.rep.file) {
			if slices.Contains(v.rep.files, path) {
				continue
			}
			if len(parts) == maxIncluded {
				v.problem("names more than %d files", maxIncluded)
				return parts
			}
			rep := v.rep.of(path)
			text, err := read(path)
			if err != nil {
				i.problem("%s cannot be read: %s", path, reason(err))
				continue
			}
			if size += len(text); size > maxIncludedSize {
				i.problem("%s is one too many: all of them together may have %d MiB", path, maxIncludedSize>>20)
				return parts
			}
			if top, ok := rep.parse(text); ok {
				parts = append(parts, top.fields(partKeys...))
			}
		}
	}
	return parts
}

// matching are the files that one item names: one file, or all that a pattern matches.
func (v value) matching(file string) []string {
	name := v.required("a file, e.g. partners.yaml, or a pattern, e.g. policy/*.yaml")
	if name == "" {
		return nil
	}
	path := name
	if !filepath.IsAbs(name) {
		path = filepath.Join(filepath.Dir(file), name)
	}
	if !strings.ContainsAny(name, "*?[") {
		if path == filepath.Clean(file) {
			v.problem("%s is this file", name)
			return nil
		}
		return []string{path}
	}
	v.rep.patterns = append(v.rep.patterns, path)
	found, err := filepath.Glob(path)
	if err != nil {
		v.problem("%q is no pattern; write it like policy/*.yaml", name)
		return nil
	}
	found = slices.DeleteFunc(found, func(p string) bool { return p == filepath.Clean(file) })
	if len(found) == 0 {
		v.problem("%s matches no file", name)
	}
	return found
}
