package config

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// report gathers what is found while one file is read.
type report struct {
	*findings

	file    string
	anchors map[string]ast.Node
}

// findings are those of all files together.
type findings struct {
	files    []string // in the order in which they were begun
	patterns []string // of which some are the matches
	problems Error
	remarks  Error // no mistakes, but hardly meant
}

// of is the report of one more file.
func (f *findings) of(file string) *report {
	f.files = append(f.files, file)
	return &report{findings: f, file: file, anchors: map[string]ast.Node{}}
}

func (r *report) add(line int, key, text string) {
	r.problems = append(r.problems, Problem{File: r.file, Line: line, Key: key, Text: text})
}

func (r *report) remark(line int, key, text string) {
	r.remarks = append(r.remarks, Problem{File: r.file, Line: line, Key: key, Text: text})
}

func (f *findings) environment(key, text string) {
	f.problems = append(f.problems, Problem{Key: key, Text: text})
}

// sorted puts the mistakes in the order of the files and their lines, those of
// the environment last.
func (f *findings) sorted(ps Error) Error {
	place := func(p Problem) int {
		if p.File == "" {
			return len(f.files)
		}
		return slices.Index(f.files, p.File)
	}
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Line, b.Line))
	})
	return ps
}

// parse returns what the text holds. It is not ok if that cannot be told; the
// problem is then noted.
func (r *report) parse(text []byte) (top value, ok bool) {
	top = value{rep: r, line: 1}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		r.syntax(err)
		return top, false
	}
	if len(file.Docs) > 1 {
		start := file.Docs[1].Start
		r.add(start.Position.Line, "", "a second document starts here; keep everything in one")
		return top, false
	}
	if len(file.Docs) == 1 {
		top.node = file.Docs[0].Body
		ast.Walk(anchors{r}, top.node)
	}
	return top, true
}

func (r *report) syntax(err error) {
	if se, ok := errors.AsType[yaml.Error](err); ok && se.GetToken() != nil {
		r.add(se.GetToken().Position.Line, "", "is not valid YAML: "+se.GetMessage())
		return
	}
	r.add(0, "", "is not valid YAML: "+err.Error())
}

// anchors collects &anchors so that *aliases can be followed. One name for two
// things would let a list of approvers mean another one than it seems to.
type anchors struct{ rep *report }

// Visit implements ast.Visitor.
func (a anchors) Visit(n ast.Node) ast.Visitor {
	if an, ok := n.(*ast.AnchorNode); ok {
		name := an.Name.String()
		if _, twice := a.rep.anchors[name]; twice {
			a.rep.add(an.GetToken().Position.Line, "", "&"+name+" is defined a second time here; give it another name")
		}
		a.rep.anchors[name] = an.Value
	}
	return a
}

// reason words why a file could not be read, without the path again.
func reason(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}
