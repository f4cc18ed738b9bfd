# Sourced into every process of Redis's test suite by run.ts. It changes no test, but
#  - writes each event of a test client as a line `STATUS CLOCK ELAPSED BASE64(TEXT)` to $CONFORMANCE_EVENTS;
#  - makes a server that dies before it is ready an ordinary failure, not an endless wait;
#  - confines an exception outside of any test to the start_server block it happened in;
#  - starts a server again that a failed test left dead, so that one crash costs one test.

fconfigure stdout -buffering line
if {!$::client} return

namespace eval conformance {
    variable events [open $::env(CONFORMANCE_EVENTS) a]
    variable started_pid 0
    variable dead_polls 0
    variable revivals_failed 0
    fconfigure $events -buffering line -translation lf

    # A process that has been killed stays for a while, and then as a zombie, which kill -0 does not tell.
    proc alive {pid} {
        set stat [content /proc/$pid/stat]
        expr {$stat ne "" && [string index $stat [string last ")" $stat]+2] ni {Z X}}
    }

    # Whether a server is gone. One that takes no connection any more is about to be.
    proc gone {server} {
        set pid [dict get $server pid]
        for {set waited 0} {$waited < 10000 && [alive $pid]} {incr waited 50} {
            if {![catch {socket [dict get $server host] [dict get $server port]} channel]} {
                close $channel
                return 0
            }
            after 50
        }
        expr {![alive $pid]}
    }

    proc content {path} {
        if {[catch {open $path r} channel]} {return ""}
        fconfigure $channel -translation binary
        set bytes [read $channel]
        close $channel
        return $bytes
    }

    proc event {status text elapsed} {
        variable events
        set encoded [binary encode base64 [encoding convertto utf-8 $text]]
        puts $events "$status [clock milliseconds] $elapsed $encoded"
    }

    # An error that no test catches: told, counted, and gone no further.
    proc outside {what info} {
        incr ::num_failed
        send_data_packet $::test_server_fd err "(outside any test) $what in $::curfile\n$info"
    }

    # The body of a start_server block. Inside a test, the test is what fails.
    proc body {in_test code} {
        if {![catch {uplevel 1 $code} message]} return
        set info $::errorInfo
        if {!$in_test} {
            outside exception "$message\n$info"
        } elseif {[string match assertion:* $message]} {
            error $message $info
        } else {
            error "assertion:exception: $message" $info
        }
    }

    proc revive {} {
        variable revivals_failed
        for {set level 0} {$level < [llength $::servers] && $revivals_failed < 3} {incr level} {
            if {![gone [lindex $::servers end-$level]]} continue
            event revived $level 0
            if {[catch {restart_server -$level true false}]} {
                incr revivals_failed
            } else {
                set revivals_failed 0
            }
        }
    }

    rename ::send_data_packet original_send
    proc ::send_data_packet {fd status data {elapsed 0}} {
        conformance::event $status $data $elapsed
        conformance::original_send $fd $status $data $elapsed
    }

    # 0 once the server has logged its process id, 1 when its port is taken; anything else is an error.
    proc ::wait_server_started {config_file stdout pid} {
        set conformance::started_pid $pid
        set conformance::dead_polls 0
        for {set waited 0} {$waited < 60000} {incr waited 25} {
            set was_alive [conformance::alive $pid]
            set log [conformance::content $stdout]
            if {[string match "* PID: $pid*" $log]} {return 0}
            if {[string match "*Failed listening on port*" $log]} {return 1}
            if {!$was_alive} break
            after 25
        }
        catch {exec kill -9 $pid}
        set errors [conformance::content [file join [file dirname $stdout] stderr]]
        error "assertion:the server did not start: [string range $log end-500 end] [string range $errors end-800 end]"
    }

    # The suite asks this again and again until one more server is ready; a dead one never will be.
    rename ::count_message_lines original_count
    proc ::count_message_lines {file pattern} {
        set count [conformance::original_count $file $pattern]
        if {$pattern ne "Ready to accept" || [conformance::alive $conformance::started_pid]} {
            set conformance::dead_polls 0
        } elseif {[incr conformance::dead_polls] > 50} {
            set conformance::dead_polls 0
            error "assertion:the server ended before it was ready: [string range [conformance::content $file] end-500 end]"
        }
        return $count
    }

    rename ::start_server original_start
    proc ::start_server {options {code undefined}} {
        set tags $::tags
        set depth [llength $::servers]
        set in_test [expr {$::cur_test ne ""}]
        if {$code ne "undefined"} {set code [list conformance::body $in_test $code]}
        set failed [catch {uplevel 1 [list conformance::original_start $options $code]} result]
        set info $::errorInfo
        set ::tags $tags
        if {!$failed} {return $result}
        while {[llength $::servers] > $depth} {
            catch {kill_server [lindex $::servers end]}
            set ::servers [lrange $::servers 0 end-1]
        }
        if {$in_test} {error $result $info}
        conformance::outside "start_server failed" "$result\n$info"
    }

    rename ::test original_test
    proc ::test {args} {
        set failed $::num_failed
        uplevel 1 [list conformance::original_test {*}$args]
        if {$::num_failed > $failed} {conformance::revive}
    }
}
