package bot

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed words
var catalogues embed.FS

// Words is the catalogue: every sentence that a person reads, in every language
// there is a file for in words/. It is safe for use by many goroutines.
type Words struct{ bundle *i18n.Bundle }

// NewWords reads the catalogues built into the program.
func NewWords() (*Words, error) {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	files, err := fs.Glob(catalogues, "words/*.json")
	if err != nil {
		return nil, fmt.Errorf("listing the catalogues: %w", err)
	}
	for _, f := range files {
		if _, err := bundle.LoadMessageFileFS(catalogues, f); err != nil {
			return nil, fmt.Errorf("reading the catalogue %s: %w", f, err)
		}
	}
	return &Words{bundle: bundle}, nil
}

// Args are what a sentence needs to know. A string or a number is shown as it
// is and never understood as markup; mentions and Moment are shown as Slack's own. The argument "count" chooses the plural form.
type Args map[string]any

// Say returns a sentence as plain text: for plain_text objects, errors at form
// fields and notes to copy. Where Slack reads markup, use Markup or Notice.
func (w *Words) Say(locale, id string, args Args) string {
	return asPlain(w.phrase(locale, id, args))
}

// Markup returns a sentence as mrkdwn: mentions and times are live, everything
// else in the arguments is escaped.
func (w *Words) Markup(locale, id string, args Args) string {
	return asMarkup(w.phrase(locale, id, args))
}

// phrase renders a sentence and leaves its arguments as pieces of their own, so
// that nothing in an argument is ever read as part of the sentence. An ID that
// is not in the catalogue comes out as the ID in brackets: ugly, not silent.
func (w *Words) phrase(locale, id string, args Args) []piece {
	var slots []piece
	data := make(map[string]any, len(args))
	for key, value := range args {
		p, ok := pieceOf(value)
		if !ok {
			data[key] = value
			continue
		}
		if p.empty() {
			data[key] = ""
			continue
		}
		data[key] = mark(len(slots))
		slots = append(slots, p)
	}
	text, err := i18n.NewLocalizer(w.bundle, locale).Localize(&i18n.LocalizeConfig{
		MessageID: id, TemplateData: data, PluralCount: args["count"],
	})
	if err != nil && text == "" {
		return []piece{literal("[" + shownText(id) + "]")}
	}
	return fill(text, slots)
}

// A mark stands for an argument while a sentence is put together: a rune that
// begins it, the argument's number, and a rune that ends it.
const (
	markStart = "\uE000"
	markEnd   = "\uE001"
)

func mark(n int) string { return markStart + strconv.Itoa(n) + markEnd }

// fill puts the arguments back in place of their marks.
func fill(text string, slots []piece) []piece {
	var out []piece
	for {
		before, rest, found := strings.Cut(text, markStart)
		if before != "" {
			out = append(out, literal(before))
		}
		if !found {
			return out
		}
		number, after, _ := strings.Cut(rest, markEnd)
		if n, err := strconv.Atoi(number); err == nil && n < len(slots) {
			out = append(out, slots[n])
		}
		text = after
	}
}
