package http

import (
	"strconv"
	"time"
)

// moment is a point in time as a page shows it: for machines, for people, and
// as seen from now.
type moment struct {
	// DateTime is RFC 3339 in UTC, for the datetime attribute.
	DateTime string
	// Text is the same for people, such as "2 January 2026, 15:04 UTC".
	Text string
	// Relative is the distance from now, such as "in 2 hours 5 minutes".
	Relative string
}

// newMoment describes t as seen at now.
func newMoment(t, now time.Time) moment {
	t = t.UTC()
	return moment{
		DateTime: t.Format(time.RFC3339),
		Text:     t.Format("2 January 2006, 15:04 UTC"),
		Relative: relative(t.Sub(now)),
	}
}

// relative words a distance with its two largest units, rounded towards now.
func relative(d time.Duration) string {
	past := d < 0
	if past {
		d = -d
	}
	if d < time.Minute {
		if past {
			return "just now"
		}
		return "in less than a minute"
	}
	if past {
		return span(d) + " ago"
	}
	return "in " + span(d)
}

// span words a duration of at least a minute.
func span(d time.Duration) string {
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	switch {
	case days > 0:
		return units(days, "day", hours, "hour")
	case hours > 0:
		return units(hours, "hour", minutes, "minute")
	default:
		return count(minutes, "minute")
	}
}

func units(large int, largeUnit string, small int, smallUnit string) string {
	if small == 0 {
		return count(large, largeUnit)
	}
	return count(large, largeUnit) + " " + count(small, smallUnit)
}

func count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return strconv.Itoa(n) + " " + unit + "s"
}
