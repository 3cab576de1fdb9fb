package pgtest

// Folder is where a server keeps everything.
func (s *Server) Folder() string { return s.folder }
