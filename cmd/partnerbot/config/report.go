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

// report gathers mistakes while a file is read.
type report struct {
	file     string
	anchors  map[string]ast.Node
	problems Error
}

func (r *report) add(line int, key, text string) {
	r.problems = append(r.problems, Problem{File: r.file, Line: line, Key: key, Text: text})
}

func (r *report) environment(key, text string) {
	r.problems = append(r.problems, Problem{Key: key, Text: text})
}

// sorted puts the file's mistakes first, by line.
func (r *report) sorted() Error {
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		if (a.File == "") != (b.File == "") {
			return cmp.Compare(len(b.File), len(a.File))
		}
		return cmp.Compare(a.Line, b.Line)
	})
	return r.problems
}

// parse reads the text into cfg. A file that is no YAML has that one problem.
func (r *report) parse(text []byte, cfg *Config) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		r.syntax(err)
		return
	}
	if len(file.Docs) > 1 {
		start := file.Docs[1].Start
		r.add(start.Position.Line, "", "a second document starts here; keep everything in one")
		return
	}
	r.anchors = map[string]ast.Node{}
	var body ast.Node
	if len(file.Docs) == 1 {
		body = file.Docs[0].Body
		ast.Walk(anchors{r}, body)
	}
	cfg.read(value{rep: r, node: body, line: 1})
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
