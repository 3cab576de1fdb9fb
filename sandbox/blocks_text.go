package sandbox

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// reader reads messages as a person does, and notes whom they notify and where they lead.
type reader struct {
	names map[string]string
	pings []string
	links []Link
	seen  map[string]bool // IDs of people, groups and channels mentioned
}

func newReader(names map[string]string) *reader {
	return &reader{names: names, seen: map[string]bool{}}
}

var (
	bracketed  = regexp.MustCompile(`<([^<>\n]*)>`)
	bareURL    = regexp.MustCompile(`https?://[^\s<>|]+`)
	bareMail   = typedMail
	shouted    = regexp.MustCompile(`(^|[^\w@])@(channel|here|everyone)\b`)
	urlScheme  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
	unescaping = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
)

// What Slack makes of text outside of <brackets>.
type finding int

const (
	findNothing finding = iota
	findLinks           // addresses become links: the text of a message
	findAll             // and @channel is heeded: mrkdwn in blocks that is not verbatim
)

// mrkdwn is the text a reader sees.
func (r *reader) mrkdwn(s string, find finding) string {
	var out strings.Builder
	from := 0
	for _, at := range bracketed.FindAllStringSubmatchIndex(s, -1) {
		out.WriteString(r.bare(s[from:at[0]], find))
		out.WriteString(r.bracket(s[at[2]:at[3]]))
		from = at[1]
	}
	out.WriteString(r.bare(s[from:], find))
	return out.String()
}

// bare is text outside of brackets.
func (r *reader) bare(s string, find finding) string {
	s = unescaping.Replace(s)
	if find == findNothing {
		return s
	}
	if find == findAll {
		for _, m := range shouted.FindAllStringSubmatch(s, -1) {
			r.ping(m[2])
		}
	}
	for _, link := range bareURL.FindAllString(s, -1) {
		r.link(link, link)
	}
	for _, mail := range bareMail.FindAllString(bareURL.ReplaceAllString(s, " "), -1) {
		r.link("mailto:"+mail, mail)
	}
	return s
}

// bracket is what is shown for <…>: a mention, a date, a link, or the text itself.
func (r *reader) bracket(s string) string {
	body, label, labelled := strings.Cut(s, "|")
	label = unescaping.Replace(label)
	otherwise := func(text string) string {
		if labelled && label != "" {
			return label
		}
		return text
	}
	switch {
	case strings.HasPrefix(body, "@"):
		r.ping(body[1:])
		return r.name(body[1:], otherwise("@"+body[1:]))
	case strings.HasPrefix(body, "#"):
		return r.name(body[1:], otherwise("#"+body[1:]))
	case strings.HasPrefix(body, "!subteam^"):
		id := strings.TrimPrefix(body, "!subteam^")
		r.ping(id)
		return r.name(id, otherwise("@"+id))
	case strings.HasPrefix(body, "!date^"):
		if parts := strings.Split(body, "^"); len(parts) > 3 {
			r.link(parts[3], label)
		}
		return label
	case body == "!here" || body == "!channel" || body == "!everyone":
		r.ping(body[1:])
		return "@" + body[1:]
	case strings.HasPrefix(body, "!"):
		return otherwise("<" + body + ">")
	case urlScheme.MatchString(body):
		link := unescaping.Replace(body)
		r.link(link, otherwise(link))
		return otherwise(link)
	}
	return "<" + unescaping.Replace(s) + ">"
}

func (r *reader) ping(id string) {
	r.seen[id] = true
	if !slices.Contains(r.pings, id) {
		r.pings = append(r.pings, id)
	}
}

func (r *reader) link(url, label string) {
	if l := (Link{URL: url, Label: label}); !slices.Contains(r.links, l) {
		r.links = append(r.links, l)
	}
}

func (r *reader) name(id, otherwise string) string {
	r.seen[id] = true
	if name := r.names[id]; name != "" {
		return name
	}
	return otherwise
}

// blocks is the text of blocks, one a line.
func (r *reader) blocks(blocks []map[string]any) string {
	var lines []string
	for _, b := range blocks {
		if line := r.block(b); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func (r *reader) block(b map[string]any) string {
	switch str(b, "type") {
	case "section":
		lines := []string{r.text(object(b, "text"))}
		for _, f := range objects(b["fields"]) {
			lines = append(lines, r.text(f))
		}
		lines = append(lines, r.element(object(b, "accessory")))
		return joined(lines, "\n")
	case "header":
		return r.text(object(b, "text"))
	case "context", "actions":
		var parts []string
		for _, e := range objects(b["elements"]) {
			parts = append(parts, r.element(e))
		}
		return joined(parts, " ")
	case "input":
		return joined([]string{r.text(object(b, "label")), r.element(object(b, "element")), r.text(object(b, "hint"))}, "\n")
	case "image":
		return joined([]string{r.text(object(b, "title")), str(b, "alt_text")}, " ")
	case "divider":
		return "----"
	case "rich_text":
		var parts []string
		for _, e := range objects(b["elements"]) {
			parts = append(parts, r.rich(e))
		}
		return joined(parts, "\n")
	}
	return ""
}

func joined(parts []string, by string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), by)
}

func (r *reader) text(o map[string]any) string {
	if str(o, "type") == "mrkdwn" {
		if truthy(o["verbatim"]) {
			return r.mrkdwn(str(o, "text"), findNothing)
		}
		return r.mrkdwn(str(o, "text"), findAll)
	}
	return str(o, "text")
}

func (r *reader) element(e map[string]any) string {
	switch kind := str(e, "type"); kind {
	case "plain_text", "mrkdwn":
		return r.text(e)
	case "image":
		return str(e, "alt_text")
	case "button":
		label := r.text(object(e, "text"))
		if link := str(e, "url"); link != "" {
			r.link(link, label)
		}
		return "[" + label + "]"
	case "":
		return ""
	}
	var parts []string
	for _, o := range choices(e) {
		parts = append(parts, joined([]string{r.text(object(o, "text")), r.text(object(o, "description"))}, ": "))
	}
	if len(parts) == 0 {
		parts = []string{joined([]string{str(e, "initial_value"), str(e, "initial_date")}, " ")}
	}
	return "[" + strings.Join(parts, " / ") + "]"
}

// rich is the text of a part of rich text.
func (r *reader) rich(e map[string]any) string {
	switch kind := str(e, "type"); kind {
	case "rich_text_list":
		var lines []string
		for i, item := range objects(e["elements"]) {
			bullet := "•"
			if str(e, "style") == "ordered" {
				bullet = fmt.Sprintf("%d.", i+1)
			}
			lines = append(lines, bullet+" "+r.rich(item))
		}
		return strings.Join(lines, "\n")
	case "rich_text_section", "rich_text_preformatted", "rich_text_quote":
		var out strings.Builder
		for _, part := range objects(e["elements"]) {
			out.WriteString(r.inline(part))
		}
		if kind == "rich_text_quote" {
			return "> " + strings.ReplaceAll(out.String(), "\n", "\n> ")
		}
		return out.String()
	}
	return ""
}

func (r *reader) inline(e map[string]any) string {
	mention := func(id, sign string) string { r.ping(id); return r.name(id, sign+id) }
	switch str(e, "type") {
	case "text":
		return str(e, "text")
	case "link":
		label := str(e, "text")
		if label == "" {
			label = str(e, "url")
		}
		r.link(str(e, "url"), label)
		return label
	case "user":
		return mention(str(e, "user_id"), "@")
	case "usergroup":
		return mention(str(e, "usergroup_id"), "@")
	case "broadcast":
		r.ping(str(e, "range"))
		return "@" + str(e, "range")
	case "channel":
		return r.name(str(e, "channel_id"), "#"+str(e, "channel_id"))
	case "team":
		return str(e, "team_id")
	case "emoji":
		return ":" + str(e, "name") + ":"
	case "date":
		if link := str(e, "url"); link != "" {
			r.link(link, str(e, "fallback"))
		}
		return str(e, "fallback")
	case "color":
		return str(e, "value")
	}
	return ""
}
