package bot

import (
	"errors"
	"strings"
	"unicode"

	"partnerbot/approvals"
)

// parseTyped reads what was typed after /invite-partner into the form: the
// first e-mail address, and everything else as the reason. Nothing is dropped:
// an address in the middle of a sentence stays in the sentence too.
func parseTyped(text string) Form {
	text = strings.TrimSpace(text)
	for start, end := range wordsIn(text) {
		address := addressIn(text[start:end])
		if address == "" {
			continue
		}
		before, after := strings.TrimSpace(text[:start]), strings.TrimSpace(text[end:])
		switch {
		case before == "":
			return Form{Email: address, Reason: plainTyped(after)}
		case after == "":
			return Form{Email: address, Reason: plainTyped(before)}
		}
		return Form{Email: address, Reason: plainTyped(text)}
	}
	return Form{Reason: plainTyped(text)}
}

// wordsIn yields where each word of a text begins and ends.
func wordsIn(text string) func(yield func(start, end int) bool) {
	return func(yield func(start, end int) bool) {
		start := -1
		for i, r := range text {
			switch {
			case unicode.IsSpace(r):
				if start >= 0 && !yield(start, i) {
					return
				}
				start = -1
			case start < 0:
				start = i
			}
		}
		if start >= 0 {
			yield(start, len(text))
		}
	}
}

// addressIn finds an e-mail address in one word: plain, in quotes or other
// punctuation, or as Slack's <mailto:a@b.c|a@b.c>. Whether it is a good one is
// for approvals to say.
func addressIn(word string) string {
	if i := strings.Index(word, "<mailto:"); i >= 0 {
		word, _, _ = strings.Cut(word[i+len("<mailto:"):], ">")
		word, _, _ = strings.Cut(word, "|")
		word, _, _ = strings.Cut(word, "?")
	}
	word = strings.Trim(unescape(word), "<>()[]{}\"'`“”‘’«».,;:!?*_~")
	at := strings.LastIndexByte(word, '@')
	if at <= 0 || at == len(word)-1 {
		return ""
	}
	return word
}

// plainTyped turns what Slack made of typed text back into what was typed:
// links become their words, and entities their characters.
func plainTyped(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "<")
		b.WriteString(before)
		if !found {
			break
		}
		link, after, closed := strings.Cut(rest, ">")
		if !closed {
			b.WriteString("<" + rest)
			break
		}
		b.WriteString(linkWords(link))
		text = after
	}
	return unescape(b.String())
}

// unescape undoes the three escapes of Slack's, each once.
func unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

func linkWords(link string) string {
	target, label, labelled := strings.Cut(link, "|")
	switch {
	case labelled && label != "":
		return label
	case strings.HasPrefix(target, "mailto:"):
		return strings.TrimPrefix(target, "mailto:")
	}
	return target
}

// draft reads a submitted form.
func draft(v view, by approvals.Person) approvals.Draft { return filled(v).draft(by) }

// maxSentence keeps the sentences at all fields together within one socket
// acknowledgement.
const maxSentence = 500

// atFields puts every refusal at the field that caused it, and those that no
// field caused at the form's anchor. ok is false if err is no refusal.
func (b *Bot) atFields(locale string, v view, err error) (sentences map[string]string, ok bool) {
	refusals := refusalsIn(err)
	sentences = make(map[string]string, len(refusals))
	for _, r := range refusals {
		at := *r
		if _, has := v.State.Values[string(at.Field)]; !has {
			at.Field = approvals.Field(v.anchor())
		}
		sentence := b.words().Refusal(locale, b.called(&at))
		if already := sentences[string(at.Field)]; already != "" {
			sentence = already + " " + sentence
		}
		sentences[string(at.Field)] = cut(sentence, maxSentence)
	}
	return sentences, len(refusals) > 0
}

// refusalsIn lists the refusals that an error is made of, and none for a fault.
func refusalsIn(err error) []*approvals.Refusal {
	if many, ok := errors.AsType[approvals.Refusals](err); ok {
		return many
	}
	if one, ok := errors.AsType[*approvals.Refusal](err); ok {
		return []*approvals.Refusal{one}
	}
	return nil
}
