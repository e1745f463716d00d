package main

import (
	"io"
	"log/slog"
)

// newLogger writes to w as the settings say.
func (s *settings) newLogger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // checked by checkOperation
	return s.loggerFrom(level, w)
}

// loggerFrom writes what has at least that level.
func (s *settings) loggerFrom(level slog.Level, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// auditLogger writes as newLogger does, whatever LOG_LEVEL is: the audit log is
// there to be complete. Each writes a line with one call of Write, so both may
// share w.
func (s *settings) auditLogger(w io.Writer) *slog.Logger { return s.loggerFrom(slog.LevelInfo, w) }
