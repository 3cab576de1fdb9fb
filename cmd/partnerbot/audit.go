package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"partnerbot/store"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Prove that nothing in the audit trail was changed, removed, reordered or inserted."`
	Export auditExportCmd `cmd:"" help:"Write out every entry of the audit trail."`
	Head   auditHeadCmd   `cmd:"" help:"Print the present end of the trail, to be noted elsewhere."`
	Key    auditKeyCmd    `cmd:"" help:"Print a new key for sealing the trail."`
}

type auditVerifyCmd struct {
	Where       whichStore `embed:""`
	Head        string     `help:"A head noted earlier: the trail up to it must be unchanged and whole." placeholder:"N:MAC"`
	PlainBefore uint64     `help:"Entries before this one may be sealed without a key." placeholder:"N"`
}

// Run prints one line if the trail holds, and otherwise every finding.
func (c auditVerifyCmd) Run(ctx context.Context, p program) error {
	opts := store.VerifyOptions{PlainBefore: c.PlainBefore, Progress: p.progress("verifying", "requests and entries")}
	if c.Head != "" {
		var err error
		if opts.Noted, err = store.ParseHead(c.Head); err != nil {
			return usageError{fmt.Errorf("--head: %w", err)}
		}
	}
	at, err := c.Where.place(p)
	if err != nil {
		return err
	}
	report, err := verify(ctx, at, opts, p)
	if lacking, ok := errors.AsType[*noKeyError](err); ok {
		return usageError{fmt.Errorf("the trail of %s cannot be verified: %w", at, lacking)}
	}
	if err != nil {
		return fmt.Errorf("verifying the trail of %s: %w", at, err)
	}
	for _, finding := range report.Findings {
		if _, err := fmt.Fprintln(p.out, finding); err != nil {
			return err
		}
	}
	if !report.Good() {
		return fmt.Errorf("the trail of %s does not hold: %s", at, verdict(report, at.keys))
	}
	_, err = fmt.Fprintln(p.out, "The trail holds: "+verdict(report, at.keys))
	return err
}

// verdict sums a report up in a line.
func verdict(r store.Report, keys store.Keys) string {
	text := fmt.Sprintf("%d entries of %d requests", r.Entries, r.Requests)
	if n := uint64(len(r.Findings)) + r.More; n > 0 {
		text = fmt.Sprintf("%d findings in %s", n, text)
		if r.More > 0 {
			text += fmt.Sprintf(" (%d are not listed)", r.More)
		}
	}
	if r.Erased > 0 {
		text += ", " + erasedWords(r.Erased)
	}
	switch {
	case keys.Empty():
		text += ", read without a key, so a mishap shows and a forger need not"
	case r.Plain > 0:
		text += fmt.Sprintf(", %d sealed without a key (--plain-before says up to where that was so)", r.Plain)
	}
	return text + "; head " + r.Head.String()
}

func erasedWords(entries uint64) string {
	if entries == 1 {
		return "the words of 1 entry are erased"
	}
	return fmt.Sprintf("the words of %d entries are erased", entries)
}

// verify proves the trail of a store as it is now.
func verify(ctx context.Context, at place, opts store.VerifyOptions, p program) (report store.Report, err error) {
	err = at.read(ctx, func(s store.Snapshot) error {
		if err := errors.Join(p.warnIfMoved(at.String(), s), mustProve(s, at.keys)); err != nil {
			return err
		}
		report, err = store.Verify(ctx, s, at.keys, opts)
		return err
	})
	return report, err
}

type auditHeadCmd struct {
	Where whichStore `embed:""`
}

// Run prints the head as --head of verify takes it.
func (c auditHeadCmd) Run(ctx context.Context, p program) error {
	at, err := c.Where.place(p)
	if err != nil {
		return err
	}
	head, err := at.head(ctx, p)
	if err != nil {
		return fmt.Errorf("reading the head of %s: %w", at, err)
	}
	_, err = fmt.Fprintln(p.out, head)
	return err
}

func (a place) head(ctx context.Context, p program) (head string, err error) {
	line, serves, err := a.serving(ctx)
	if err != nil {
		return "", err
	}
	if serves {
		defer line.hangUp()
		err = line.ask(ctx, "head", about{}, &head)
		return head, err
	}
	db, err := a.reading().open(ctx)
	if err != nil {
		return "", err
	}
	err = db.Snapshot(ctx, func(s store.Snapshot) error {
		head = s.Head().String()
		return p.warnIfMoved(a.String(), s)
	})
	return head, errors.Join(err, db.Close())
}

type auditKeyCmd struct{}

// Run prints a key that nobody has had before on standard output, and what to do with it beside.
func (auditKeyCmd) Run(p program) error {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	if _, err := fmt.Fprintln(p.out, hex.EncodeToString(key)); err != nil {
		return err
	}
	p.say(`Keep it where whoever can write to the store cannot read it, and a copy where it cannot be lost: without the key
the trail cannot be verified. Set PARTNERBOT_AUDIT_KEY to it, or PARTNERBOT_AUDIT_KEY_FILE to a file with it. To change
keys, write the new one on a line above the old ones: the first seals, all of them verify.`)
	return nil
}
