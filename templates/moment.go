package templates

import (
	"strconv"
	"time"
)

// Moment is a point in time. Pages show its date and its distance from now in the
// user's language.
type Moment struct{ at, now time.Time }

// NewMoment returns the Moment of t, relative to now.
func NewMoment(t, now time.Time) Moment { return Moment{at: t.UTC(), now: now} }

// DateTime returns the time in RFC 3339 and UTC, for the datetime attribute.
func (m Moment) DateTime() string { return m.at.Format(time.RFC3339) }

// date returns a text such as "2 January 2026, 15:04 UTC".
func (c *catalogue) date(m Moment) string {
	year, month, day := m.at.Date()
	return c.text("date",
		"day", strconv.Itoa(day), "month", c.text(Message("date.month."+strconv.Itoa(int(month)))),
		"year", strconv.Itoa(year), "time", m.at.Format("15:04"))
}

// distance returns a text such as "in 2 hours" or "3 minutes ago".
func (c *catalogue) distance(m Moment) string { return c.relative(m.at.Sub(m.now)) }

// relative returns the text of a distance in whole minutes, hours or days, rounded down:
// the date beside it is exact. A future distance is rounded up to the minute first, so a
// new session of twelve hours ends "in 12 hours", not in 11.
func (c *catalogue) relative(d time.Duration) string {
	switch {
	case d <= 0 && d > -time.Minute:
		return c.text("distance.now")
	case d <= 0:
		return c.text("distance.past", "span", c.span(-d))
	case d < time.Minute:
		return c.text("distance.soon")
	}
	return c.text("distance.future", "span", c.span(d+time.Minute-time.Nanosecond))
}

// The texts with plural forms.
const (
	spanDays    Message = "span.days"
	spanHours   Message = "span.hours"
	spanMinutes Message = "span.minutes"
)

// span returns the text of a duration of at least a minute. Days begin at two.
func (c *catalogue) span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return c.count(spanDays, int(d/(24*time.Hour)))
	case d >= time.Hour:
		return c.count(spanHours, int(d/time.Hour))
	}
	return c.count(spanMinutes, int(d/time.Minute))
}
