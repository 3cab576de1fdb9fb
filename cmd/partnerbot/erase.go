package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os/user"
	"strings"
	"time"

	"partnerbot/approvals"
)

type eraseCmd struct {
	Where whichStore `embed:""`
	Guest string     `help:"The guest's e-mail address." required:"" placeholder:"E-MAIL"`
	Yes   bool       `help:"Do not ask."`
}

// notErased is what erasing does not reach, for whoever must see to it.
const notErased = `What stays: who decided what and when, without the words. What this does not reach, and you may have to see to:
logs, backups and exports made before; copies of the store that an upgrade left, beside it (<file>.schema2-…) or as
tables (…_schema2_…); what Slack keeps by its own retention; the account in Entra. Pages of a bbolt file keep old bytes
until they are written over, rows of a database until VACUUM FULL.`

// Run erases a guest from every request that names them, once somebody said yes.
func (c eraseCmd) Run(ctx context.Context, p program) error {
	email, _, err := approvals.ParseAddress(c.Guest)
	if err != nil {
		return usageError{fmt.Errorf("--guest: %q is no e-mail address that a guest can have", c.Guest)}
	}
	at, err := c.Where.place(p)
	if err != nil {
		return err
	}
	desk, err := at.registry(ctx)
	if err != nil {
		return err
	}
	err = c.erase(ctx, p, desk, email)
	if err == nil {
		err = at.tellOldCopies(ctx, p)
	}
	return errors.Join(err, desk.close())
}

func (c eraseCmd) erase(ctx context.Context, p program, from registry, email string) error {
	found, err := from.guest(ctx, email)
	if err != nil {
		return fmt.Errorf("looking for %s: %w", email, err)
	}
	if len(found) == 0 {
		return fmt.Errorf("no request names %s: nothing is kept of them, or it was erased before, or they are written differently", email)
	}
	if _, err := fmt.Fprintf(p.out, "%s is named in:\n%s", email, listed(found)); err != nil {
		return err
	}
	if !c.Yes {
		if err := p.confirm("Erase their name, address and company, and what people typed about them, there and in the audit trail?"); err != nil {
			return err
		}
	}
	erased, err := from.erase(ctx, email, operator())
	if refusal, ok := errors.AsType[*approvals.Refusal](err); ok {
		return fmt.Errorf("nothing was erased: %s", stays(refusal))
	}
	if err != nil {
		return fmt.Errorf("erasing %s: %w", email, err)
	}
	_, err = fmt.Fprintf(p.out, "Erased from %s. Messages in Slack follow while partnerbot serves.\n%s\n", joined(erased), notErased)
	return err
}

// stays says what stands against erasing.
func stays(r *approvals.Refusal) string {
	id, state := r.Args["id"], r.Args["state"]
	switch {
	case !errors.Is(r, approvals.ErrGuestStays):
		return r.Error()
	case state == string(approvals.Failed):
		return fmt.Sprintf("%s failed and its guest is in Entra: an admin must press Try again first, and the access must end", id)
	}
	return fmt.Sprintf("%s is %s: it must be over first, by withdrawing or denying it, or by the end of the access", id, state)
}

// dossier is a request as a list of those to be erased shows it.
type dossier struct {
	ID     approvals.RequestID `json:"id"`
	State  approvals.State     `json:"state"`
	Access string              `json:"access"`
	By     approvals.PersonID  `json:"by"`
	Opened time.Time           `json:"opened"`
}

// dossiers are all requests for a guest.
func dossiers(ctx context.Context, from approvals.Reader, email string) ([]dossier, error) {
	requests, err := from.History(ctx, email)
	if err != nil {
		return nil, err
	}
	found := make([]dossier, 0, len(requests))
	for _, r := range requests {
		found = append(found, dossier{r.ID, r.State, r.Access.Title, r.Requester, r.Opened})
	}
	return found, nil
}

func listed(found []dossier) string {
	var text strings.Builder
	for _, d := range found {
		fmt.Fprintf(&text, "  %-8s %-9s %s, asked for on %s by %s\n", d.ID, d.State, d.Access, d.Opened.UTC().Format(time.DateOnly), d.By)
	}
	return text.String()
}

func joined(ids []approvals.RequestID) string {
	texts := make([]string, 0, len(ids))
	for _, id := range ids {
		texts = append(texts, string(id))
	}
	return strings.Join(texts, ", ")
}

// confirm returns nil if somebody at a terminal says yes.
func (p program) confirm(question string) error {
	p.say(question + " Type yes:")
	said, err := bufio.NewReader(p.in).ReadString('\n')
	switch said = strings.TrimSpace(said); {
	case said == "" && err != nil:
		return usageError{errors.New("nobody is there to say yes: run this in a terminal, or with --yes")}
	case !strings.EqualFold(said, "yes"):
		return errors.New("nothing was erased")
	}
	return nil
}

// operator names who runs the command, as this machine knows them.
func operator() string {
	if who, err := user.Current(); err == nil {
		return who.Username
	}
	return "unknown"
}

// registry is what knows guests: a store, or the `serve` that has it open.
type registry struct {
	guest func(ctx context.Context, email string) ([]dossier, error)
	erase func(ctx context.Context, email, by string) ([]approvals.RequestID, error)
	close func() error
}

func (a place) registry(ctx context.Context) (registry, error) {
	line, serves, err := a.serving(ctx)
	if err != nil {
		return registry{}, err
	}
	if serves {
		return line.registry(), nil
	}
	db, err := a.open(ctx)
	if err != nil {
		return registry{}, err
	}
	if err := mustBeHere(ctx, db, a.String()); err != nil {
		return registry{}, errors.Join(err, db.Close())
	}
	return registry{
		guest: func(ctx context.Context, email string) ([]dossier, error) { return dossiers(ctx, db, email) },
		erase: func(ctx context.Context, email, by string) ([]approvals.RequestID, error) {
			return approvals.Erase(ctx, db, time.Now(), email, by)
		},
		close: db.Close,
	}, nil
}

func (l *line) registry() registry {
	return registry{
		guest: func(ctx context.Context, email string) (found []dossier, err error) {
			err = l.ask(ctx, "guest", about{Guest: email}, &found)
			return found, err
		},
		erase: func(ctx context.Context, email, by string) (ids []approvals.RequestID, err error) {
			err = l.ask(ctx, "erase", about{Guest: email, By: by}, &ids)
			return ids, err
		},
		close: func() error {
			l.hangUp()
			return nil
		},
	}
}
