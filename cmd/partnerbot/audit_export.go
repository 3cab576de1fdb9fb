package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"partnerbot/approvals"
	"partnerbot/store"
)

type auditExportCmd struct {
	Where   whichStore `embed:""`
	Format  string     `help:"${enum}: JSON Lines, or a table for spreadsheets." enum:"jsonl,csv" default:"jsonl"`
	Since   string     `help:"Only entries of this day (UTC) or moment and after, e.g. 2026-01-31 or 2026-01-31T08:00:00Z." placeholder:"DATE"`
	Request string     `help:"Only entries of this request." placeholder:"INV-7"`
	Out     string     `help:"A new file for it, instead of standard output." type:"path" placeholder:"FILE"`
}

// selection says which entries are wanted.
type selection struct {
	since  time.Time
	number uint64 // of a request; 0: all
}

// Run writes the entries by request, and those of one in their order.
func (c auditExportCmd) Run(ctx context.Context, p program) error {
	wanted, err := c.selection()
	if err != nil {
		return usageError{err}
	}
	at, err := c.Where.place(p)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return at.export(ctx, w, formats[c.Format], wanted, p) }
	if c.Out == "" {
		return write(p.out)
	}
	return publish(c.Out, write)
}

func (c auditExportCmd) selection() (selection, error) {
	var s selection
	if c.Request != "" {
		id, ok := approvals.ParseID(c.Request)
		if !ok {
			return s, fmt.Errorf("--request: %q is no request; write it like INV-7", c.Request)
		}
		s.number = id.Number()
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, c.Since); err == nil {
			s.since = at
			return s, nil
		}
	}
	if c.Since != "" {
		return s, fmt.Errorf("--since: %q is no date; write it like 2026-01-31 or 2026-01-31T08:00:00Z", c.Since)
	}
	return s, nil
}

// exported is an entry as it leaves: what the trail says, and the seal that
// proves it.
type exported struct {
	N       uint64 `json:"n"`
	At      string `json:"at"`
	Request string `json:"request"`
	Version uint64 `json:"version"`
	Event   string `json:"event"`
	From    string `json:"from"`
	To      string `json:"to"`
	Team    string `json:"by_team"`
	User    string `json:"by_user"`
	Detail  string `json:"detail"`
	Words   string `json:"words"`
	Erased  bool   `json:"erased"`
	MAC     string `json:"mac"`
}

// format writes entries one after the other, and says when that was all.
type format func(io.Writer) (put func(exported) error, end func() error)

var formats = map[string]format{"jsonl": jsonLines, "csv": commaSeparated}

func jsonLines(w io.Writer) (func(exported) error, func() error) {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return func(e exported) error { return encoder.Encode(e) }, func() error { return nil }
}

func commaSeparated(w io.Writer) (func(exported) error, func() error) {
	table := csv.NewWriter(w)
	head := []string{"n", "at", "request", "version", "event", "from", "to", "by_team", "by_user", "detail", "words", "erased", "mac"}
	titled := false
	title := func() error {
		if titled {
			return nil
		}
		titled = true
		return table.Write(head)
	}
	put := func(e exported) error {
		row := []string{
			strconv.FormatUint(e.N, 10), e.At, e.Request, strconv.FormatUint(e.Version, 10), e.Event, e.From, e.To,
			e.Team, e.User, e.Detail, e.Words, strconv.FormatBool(e.Erased), e.MAC,
		}
		for i, cell := range row {
			row[i] = harmless(cell)
		}
		return errors.Join(title(), table.Write(row))
	}
	return put, func() error {
		err := title()
		table.Flush()
		return errors.Join(err, table.Error())
	}
}

// harmless keeps a spreadsheet from taking what somebody typed for a formula.
func harmless(cell string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(cell, " \u00a0\u3000"))
	if strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + cell
	}
	return cell
}

// export writes the wanted entries, and in the end how many they were.
func (a place) export(ctx context.Context, w io.Writer, format format, wanted selection, p program) error {
	buffered := bufio.NewWriter(w)
	put, end := format(buffered)
	tell := p.progress("exporting", "entries")
	var seen, known, written uint64
	err := a.read(ctx, func(s store.Snapshot) error {
		if err := p.warnIfMoved(a.String(), s); err != nil {
			return err
		}
		total := s.Head().N
		return s.Trail(func(number, n uint64, text []byte) error {
			seen++
			tell(seen, total)
			if err := ctx.Err(); err != nil {
				return err
			}
			if wanted.number != 0 && number != wanted.number {
				return nil
			}
			known++
			var r record
			if err := json.Unmarshal(text, &r); err != nil {
				return fmt.Errorf("entry %d of %s: %w; `partnerbot audit verify` says more", n, approvals.NewID(number), err)
			}
			if r.Entry.At.Before(wanted.since) {
				return nil
			}
			written++
			return put(r.exported())
		})
	})
	if err == nil && known == 0 && wanted.number != 0 {
		return fmt.Errorf("there is no request %s in %s", approvals.NewID(wanted.number), a)
	}
	if err := errors.Join(err, end(), buffered.Flush()); err != nil {
		return fmt.Errorf("exporting the trail of %s: %w", a, err)
	}
	p.say(fmt.Sprintf("%d of %d entries exported.", written, seen))
	return nil
}

// record is an entry as stores keep it, as far as it is exported.
type record struct {
	N     uint64          `json:"n"`
	Entry approvals.Entry `json:"entry"`
	Words *string         `json:"words"`
	Proof string          `json:"proof"` // that there are words, or were
	MAC   string          `json:"mac"`
}

func (r record) exported() exported {
	e, words := r.Entry, ""
	if r.Words != nil {
		words = *r.Words
	}
	return exported{
		N: r.N, At: e.At.UTC().Format(time.RFC3339Nano), Request: string(e.Request), Version: e.Version, Event: e.Event,
		From: string(e.From), To: string(e.To), Team: e.By.Team, User: e.By.User, Detail: e.Detail,
		Words: words, Erased: r.Words == nil && r.Proof != "", MAC: r.MAC,
	}
}
