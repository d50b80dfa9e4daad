# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Private views of the Debian archive. Sourced after lib.sh, never run.
#
# A view is an apt configuration of its own below the cache: its own source
# list, package lists and archives. The machine's sources, preferences and
# lists are never changed, a foreign source that does not answer is never
# asked, and nothing of another suite can slip into an upgrade. The mirror
# is the one that the machine's own sources name.
#
#   base               the machine's own release, its updates and its security
#   <release>[-...]    one other suite, only to download from

# The machine's Debian sources as lines "URIS|SUITES|COMPONENTS|SIGNED-BY".
apt_system_sources() {
	local file
	for file in /etc/apt/sources.list.d/*.sources; do
		[ -e "$file" ] || continue
		awk 'function flush() {
				if (uris != "" && enabled != "no" && types ~ /(^| )deb( |$)/)
					print uris "|" suites "|" comps "|" key
				uris = suites = comps = key = types = enabled = ""
			}
			/^#/ { next }
			/^[ \t]*$/ { flush(); next }
			{ name = tolower($1); value = $0; sub(/^[^ ]*[ \t]+/, "", value) }
			name == "types:" { types = value }
			name == "uris:" { uris = value }
			name == "suites:" { suites = value }
			name == "components:" { comps = value }
			name == "signed-by:" { key = value }
			name == "enabled:" { enabled = tolower(value) }
			END { flush() }' "$file"
	done
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -e "$file" ] || continue
		awk '$1 == "deb" {
				key = ""
				first = 2
				if ($2 ~ /^\[/) {
					for (i = 2; i <= NF; i++) {
						opt = $i
						gsub(/[][]/, "", opt)
						if (opt ~ /^signed-by=/)
							key = substr(opt, 11)
						if ($i ~ /\]$/)
							break
					}
					first = i + 1
				}
				comps = ""
				for (i = first + 2; i <= NF && $i !~ /^#/; i++)
					comps = comps (comps == "" ? "" : " ") $i
				print $first "|" $(first + 1) "|" comps "|" key
			}' "$file"
	done
}

apt_codename() {
	sed -n 's/^VERSION_CODENAME=//p' /etc/os-release
}

# The archive line that carries the plain release; its URI is the mirror.
apt_archive_source() {
	local codename uris suites comps key
	codename=$(apt_codename)
	while IFS='|' read -r uris suites comps key; do
		case " $suites " in
		*" $codename "*)
			printf '%s|%s\n' "${uris%% *}" "$key"
			return 0
			;;
		esac
	done < <(apt_system_sources)
	return 1
}

apt_write_stanza() {
	printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: %s\n' "$1" "$2" "$3"
	if [ -n "$4" ]; then
		printf 'Signed-By: %s\n' "$4"
	fi
	printf '\n'
}

apt_view_sources() {
	local view=$1 codename uris suites comps key archive suite mine
	codename=$(apt_codename)
	archive=$(apt_archive_source) ||
		die "no apt source of this machine carries the suite '$codename'"
	if [ "$view" != base ]; then
		apt_write_stanza "${archive%%|*}" "$view" main "${archive#*|}"
		return
	fi
	while IFS='|' read -r uris suites comps key; do
		mine=
		for suite in $suites; do
			case $suite in
			"$codename" | "$codename"-updates | "$codename"-security | "$codename"/updates)
				mine="$mine $suite"
				;;
			esac
		done
		if [ -n "$mine" ]; then
			apt_write_stanza "$uris" "${mine# }" "${comps:-main}" "$key"
		fi
	done < <(apt_system_sources)
}

# apt_in VIEW PROGRAM ARGS...: apt-get, apt-cache... with the view's settings.
apt_in() {
	local view=$1 program=$2 dir=$COUCHE_CACHE/apt/$1
	shift 2
	"$program" -o Dir::Etc::sourcelist=/dev/null \
		-o Dir::Etc::sourceparts="$dir/sources.d" \
		-o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State::lists="$dir/lists" \
		-o Dir::Cache="$dir" \
		-o Dir::Cache::archives="$dir/archives" \
		-o APT::Sandbox::User=root \
		-o Acquire::Retries=3 \
		-o Acquire::Languages=none \
		-o DPkg::Lock::Timeout=900 \
		"$@"
}

# apt_update VIEW: fetch the view's lists, at most every six hours.
apt_update() {
	local view=$1 dir=$COUCHE_CACHE/apt/$1
	mkdir -p "$dir/sources.d" "$dir/lists/partial" "$dir/archives/partial"
	apt_view_sources "$view" >"$dir/sources.d/couche.sources.new"
	if cmp -s "$dir/sources.d/couche.sources.new" "$dir/sources.d/couche.sources" &&
		[ -n "$(find "$dir" -maxdepth 1 -name updated -mmin -360)" ]; then
		rm -f "$dir/sources.d/couche.sources.new"
		return 0
	fi
	mv "$dir/sources.d/couche.sources.new" "$dir/sources.d/couche.sources"
	say "reading the package lists of '$view'"
	retry 3 apt_in "$view" apt-get -qq update >&2 || return 1
	touch "$dir/updated"
}

# apt_newest VIEW PACKAGE: the version a download would bring, or nothing.
apt_newest() {
	apt_in "$1" apt-cache show --no-all-versions "$2" 2>/dev/null |
		sed -n 's/^Version: //p' | head -n 1
}

# apt_names VIEW REGEX: package names that match.
apt_names() {
	apt_in "$1" apt-cache pkgnames | grep -E "$2" || true
}

# apt_extract VIEW PACKAGE DIR: download a package and unpack it into DIR
# without installing it. DIR appears only when it is complete.
apt_extract() {
	local view=$1 package=$2 dir=$3 tmp
	[ -d "$dir" ] && return 0
	mkdir -p "$(dirname "$dir")"
	tmp=$(mktemp -d "$dir.XXXXXX")
	say "downloading $package ($view)"
	if ! (cd "$tmp" && retry 3 apt_in "$view" apt-get -qq download "$package" >&2 &&
		mkdir root && dpkg -x ./*.deb root); then
		rm -rf "$tmp"
		return 1
	fi
	mv "$tmp/root" "$dir"
	rm -rf "$tmp"
}
