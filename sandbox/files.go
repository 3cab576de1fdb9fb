package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	maxFiles     = 10       // of one input
	maxFileBytes = 10 << 20 // of one file of an input
)

// file is what a person attached. The app can read it from when the person has sent the modal; whether Slack lets it
// earlier is not known.
type file struct {
	id, name, owner string
	content         []byte
	at              time.Time
	sent            bool
}

// fileKind is what Slack makes of a file's name.
type fileKind struct{ mimetype, filetype, pretty string }

var fileKinds = map[string]fileKind{
	".csv":  {"text/csv", "csv", "CSV"},
	".txt":  {"text/plain", "text", "Plain Text"},
	".tsv":  {"text/tab-separated-values", "tsv", "TSV"},
	".json": {"application/json", "json", "JSON"},
	".pdf":  {"application/pdf", "pdf", "PDF"},
	".png":  {"image/png", "png", "PNG"},
	".xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", "Excel Spreadsheet"},
}

func (f *file) kind() fileKind {
	k, known := fileKinds[strings.ToLower(path.Ext(f.name))]
	if !known {
		return fileKind{"application/octet-stream", "binary", "Binary"}
	}
	return k
}

var notInAddress = regexp.MustCompile(`[^a-z0-9._-]+`)

// place is the file's path on the host of the API; a download has a path of its own.
func (f *file) place(download bool) string {
	name := strings.Trim(notInAddress.ReplaceAllString(strings.ToLower(f.name), "_"), ".")
	folder := "/files-pri/" + TeamID + "-" + f.id + "/"
	if download {
		folder += "download/"
	}
	return folder + cmp.Or(name, "file")
}

// wire is the file as Slack describes it.
func (f *file) wire(base string) map[string]any {
	k, id := f.kind(), strings.ToLower(f.id)
	return map[string]any{
		"id": f.id, "created": f.at.Unix(), "timestamp": f.at.Unix(), "name": f.name, "title": f.name,
		"mimetype": k.mimetype, "filetype": k.filetype, "pretty_type": k.pretty, "user": f.owner, "user_team": TeamID,
		"editable": false, "size": len(f.content), "mode": "hosted", "is_external": false, "external_type": "",
		"is_public": false, "public_url_shared": false, "display_as_bot": false, "username": "",
		"url_private": base + f.place(false), "url_private_download": base + f.place(true),
		"permalink":        "https://" + TeamDomain + ".slack.com/files/" + f.owner + "/" + id + "/" + path.Base(f.place(false)),
		"has_rich_preview": false, "file_access": "visible", "channels": []any{}, "groups": []any{}, "ims": []any{},
		"comments_count": 0,
	}
}

// takesFiles reports whether a view has an input for files.
func takesFiles(content map[string]any) bool {
	for e := range elements(objects(content["blocks"])) {
		if str(e.element, "type") == "file_input" {
			return true
		}
	}
	return false
}

// Attach puts a file into a file input of the top modal, found by label, block ID or action ID. Slack's own client
// refuses a type that the input does not list, a file too many, and one that is empty or too large.
func (a *Actor) Attach(field, name string, content []byte) error {
	w := a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	v, e, err := w.fieldLocked(a.id, field)
	if err != nil {
		return err
	}
	id := e.id()
	held, _ := v.values[id.block][id.action]["files"].([]any) // of another kind of input, nil
	if err := unfitFile(e.element, name, len(content), len(held)); err != nil {
		return fmt.Errorf("attaching %s: %w", name, err)
	}
	f := &file{id: w.idLocked("F"), name: name, owner: a.id, content: slices.Clone(content), at: w.cfg.Now()}
	w.files[f.id] = f
	v.enter(id, map[string]any{"type": "file_input", "files": append(slices.Clone(held), f.wire(w.base))})
	w.touchLocked()
	return nil
}

func unfitFile(e map[string]any, name string, size, held int) error {
	most := maxFiles
	if n, ok := e["max_files"].(float64); ok {
		most = int(n)
	}
	kinds, limited := e["filetypes"].([]any)
	extension := strings.TrimPrefix(strings.ToLower(path.Ext(name)), ".")
	switch {
	case str(e, "type") != "file_input":
		return fmt.Errorf("a %s takes no files", e["type"])
	case held >= most:
		return fmt.Errorf("no more than %d files can be attached", most)
	case size == 0:
		return errors.New("the file is empty")
	case size > maxFileBytes:
		return errors.New("the file is larger than 10 MB")
	case limited && !slices.ContainsFunc(kinds, func(k any) bool { return strings.EqualFold(fmt.Sprint(k), extension) }):
		return fmt.Errorf("only files of these types can be attached: %v", kinds)
	}
	return nil
}

// Detach takes the file with this name or ID out of a file input of the top modal again.
func (a *Actor) Detach(field, name string) error {
	w := a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	v, e, err := w.fieldLocked(a.id, field)
	if err != nil {
		return err
	}
	id := e.id()
	held, _ := v.values[id.block][id.action]["files"].([]any) // of another kind of input, nil
	left := slices.DeleteFunc(slices.Clone(held), func(f any) bool {
		o, _ := f.(map[string]any) // an object, always
		return str(o, "name") == name || str(o, "id") == name
	})
	if len(left) == len(held) {
		return fmt.Errorf("there is no file %s in %s", name, field)
	}
	v.enter(id, map[string]any{"type": "file_input", "files": append([]any{}, left...)})
	w.touchLocked()
	return nil
}

// handOverLocked lets the app read the files that are sent with the view.
func (w *World) handOverLocked(v *view) {
	for _, actions := range v.values {
		for _, value := range actions {
			for _, o := range objects(value["files"]) {
				if f := w.files[str(o, "id")]; f != nil {
					f.sent = true
				}
			}
		}
	}
}

// DeleteFile takes a file away, as its owner may at any time.
func (w *World) DeleteFile(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.files, id)
	w.touchLocked()
}

func filesInfo(w *World, c *apiCall) answer {
	f := w.files[c.string("file")]
	if f == nil || !f.sent {
		return refuse("file_not_found")
	}
	return accept("file", f.wire(w.base), "comments", []any{}, "response_metadata", map[string]any{"next_cursor": ""})
}

// serveFile gives the app a file that it may read. Whoever else asks is sent to a page where people sign in, which is
// HTML and answers 200: that is how Slack refuses a missing or wrong token and one without files:read.
func (w *World) serveFile(rw http.ResponseWriter, r *http.Request) {
	const name = "url_private"
	at := w.cfg.Now()
	_, id, _ := strings.Cut(r.PathValue("key"), "-")
	w.mu.Lock()
	fault := w.takeFaultLocked(name)
	f := w.files[id]
	signedIn := r.Header.Get("Authorization") == "Bearer "+w.cfg.BotToken && w.granted("files:read")
	there := f != nil && f.sent && (r.URL.Path == f.place(false) || r.URL.Path == f.place(true))
	w.mu.Unlock()
	if fault != nil {
		pause(r.Context(), fault.Delay)
	}
	record := Call{At: at, Dir: FromApp, Method: name, What: name, Args: map[string]any{"file": id}, Status: http.StatusOK}
	switch {
	case fault.spoils():
		record.Status, record.Error = fault.Status, fault.name()
		fault.write(rw)
	case !signedIn:
		record.Status = http.StatusFound
		http.Redirect(rw, r, "/signin?redir="+url.QueryEscape(r.URL.Path), http.StatusFound)
	case !there:
		record.Status = http.StatusNotFound
		http.Error(rw, "not found", http.StatusNotFound)
	default:
		f.write(rw, r.URL.Path == f.place(true))
	}
	w.record(record)
}

func (f *file) write(rw http.ResponseWriter, download bool) {
	rw.Header().Set("Content-Type", f.kind().mimetype)
	if download {
		rw.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.name}))
	}
	_, _ = rw.Write(f.content) // the peer may be gone; there is nobody to tell
}

// serveSignIn is where Slack sends those who may not read a file.
func serveSignIn(rw http.ResponseWriter, _ *http.Request) {
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Content-Security-Policy", pagePolicy)
	_, _ = rw.Write([]byte("<!DOCTYPE html><html lang=\"en\"><head><title>Sign in to " + TeamName +
		"</title></head><body><h1>Sign in to " + TeamName + "</h1></body></html>"))
}
