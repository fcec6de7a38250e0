# fish completion for twtui. Written by make docs from the tables of the program; change it there.

# Numbers of processes or threads with their names, from their folders; no kernel threads. Not by
# redirection: fish itself warns of one whose process has just ended.
function __twtui_processes
    set -l folders (string match -r '^/proc/[0-9]+(?:/task/[0-9]+)?$' $argv)
    for line in (printf '%s/cmdline\0' $folders | LC_ALL=C xargs -0 grep -als . |
        string replace -r 'cmdline$' comm | LC_ALL=C xargs grep -aHsm 1 .)
        set -l found (string match -r '([0-9]+)/comm:(.*)$' -- $line)
        printf '%s\t%s\n' $found[2] (string replace -ra '[^[:print:]]' '?' -- $found[3])
    end
end

# The system calls and tracepoints that tracefs lists, where it may be read.
function __twtui_traced
    set -l events /sys/kernel/tracing/events
    for folder in $events/syscalls/sys_enter_*
        string replace $events/syscalls/sys_enter_ syscall: $folder
    end
    for folder in $events/*/*/
        string replace -r '^.*/([^/]+)/([^/]+)/$' 'tracepoint:$1:$2' $folder
    end
end

# Whether the command is one of these; a dash stands for none.
function __twtui_at
    set -l words (commandline -opc)
    set -l command -
    contains -- "$words[2]" record replay report export diff doctor demo presets config; and set command $words[2]
    contains -- $command $argv
end

# What the command after -- takes.
function __twtui_started
    set -l words (commandline -opc)
    set -l after (math (contains -i -- -- $words) + 1)
    complete -C (string join ' ' -- $words[$after..] (commandline -ct))
end

function __twtui_first
    test (count (commandline -opc)) -eq 1
end

complete -c twtui -f

function __twtui_preset
    printf '%s\t%s\n' \
        'oncpu' 'where it runs: stack and newest bytes of it, sampled on the CPU clock' \
        'files' 'every path it names: open, exec, stat, access, link, rename, remove, …' \
        'writes' 'what it writes and sends: write, pwrite64, sendto (not writev, sendmsg)' \
        'exec' 'programs that it and its children start: path, argv[0], and argv[0] as they got it' \
        'argv' 'its command line, as its memory has it now, once a second, asleep or not' \
        'tls' 'plaintext of TLS connections: OpenSSL\'s SSL_write and SSL_read' \
        'python' 'which Python functions run, sampled on the CPU clock'
end

function __twtui_map
    printf '%s\t%s\n' \
        'hash' '' \
        'array' '' \
        'lru_hash' '' \
        'all' ''
end

function __twtui_mode
    printf '%s\t%s\n' \
        'resume' '' \
        'signal' ''
end

function __twtui_trigger
    printf '%s\t%s\n' \
        'sample' 'the CPU clock, while it runs; -F HZ or --period N says how often' \
        'sample:task-clock' 'another clock or counter; the last two need a PMU, which many virtual machines lack' \
        'sample:cycles' 'another clock or counter; the last two need a PMU, which many virtual machines lack' \
        'sample:instructions' 'another clock or counter; the last two need a PMU, which many virtual machines lack' \
        'sample:page-faults' 'each page fault, each context switch; --period N: each Nth' \
        'sample:context-switches' 'each page fault, each context switch; --period N: each Nth' \
        'syscall:openat' 'the entry of a system call, or its exit; the kernel\'s name for it (newstat, not stat)' \
        'syscall:read:exit' 'the entry of a system call, or its exit; the kernel\'s name for it (newstat, not stat)' \
        'tracepoint:sched:sched_switch' 'any tracepoint of the kernel' \
        'uprobe:libc:malloc' 'the entry of a function of the program or a library: by name as it is mapped, or by path' \
        'uprobe:/usr/bin/bash:readline' 'the entry of a function of the program or a library: by name as it is mapped, or by path' \
        'uprobe:libc:malloc+4' 'an instruction in it; or one by its address in the file, as nm shows it' \
        'uprobe:exe:0x11c9' 'an instruction in it; or one by its address in the file, as nm shows it' \
        'uretprobe:libssl:SSL_read' 'its return, where ret is known' \
        'probe' 'on demand (a key press), or so many times a second: on every thread, asleep or not' \
        'probe:2hz' 'on demand (a key press), or so many times a second: on every thread, asleep or not'
    __twtui_traced
end

function __twtui_capture
    printf '%s\t%s\n' \
        'str(arg2)' 'the string that the second argument points to' \
        'bytes(arg2, arg3)' 'as many bytes as the third argument says, up to --max-bytes' \
        'bytes(sp, 64)' 'the newest 64 bytes of the stack' \
        'u64(arg1+8)' 'a number behind a pointer: u8 to u64, i8 to i64, ptr' \
        'i32(arg1)' 'a number behind a pointer: u8 to u64, i8 to i64, ptr' \
        'ptr(arg1)' 'a number behind a pointer: u8 to u64, i8 to i64, ptr' \
        'arg3' 'a register, argument or pointer itself, as a number' \
        'ret' 'a register, argument or pointer itself, as a number' \
        '*(arg1+8)' 'a register, argument or pointer itself, as a number' \
        'str(*sym:environ)' 'through a pointer, found by its symbol; up to four *' \
        'bytes(entry.arg2, ret)' 'what an argument was at the entry of the function that returns' \
        'bytes(sym:@arg_start, sym:@arg_length)' 'the command line; with env for arg, the environment it was started with' \
        'stack' 'the stack, by frame pointers' \
        'python' 'the Python functions that a CPython runs' \
        'none' 'nothing: the callback alone'
end

function __twtui_defer
    printf '%s\t%s\n' \
        'always' '' \
        'fault' '' \
        'exit' ''
end

function __twtui_format
    printf '%s\t%s\n' \
        'jsonl' '' \
        'csv' '' \
        'chrome' '' \
        'folded' ''
end

complete -c twtui -n __twtui_first -a record -d 'watch without a screen: text lines, JSON Lines with --json, a recording with -o'
complete -c twtui -n __twtui_first -a replay -d 'show a recording on the screens, or JSON Lines from standard input (-)'
complete -c twtui -n __twtui_first -a report -d 'say what a recording comes to: ledger, delays, what was read most often'
complete -c twtui -n __twtui_first -a export -d 'print a recording as JSON Lines, CSV, a Chrome trace or folded stacks'
complete -c twtui -n __twtui_first -a diff -d 'show two recordings side by side'
complete -c twtui -n __twtui_first -a doctor -d 'say what works here, what does not, and what fixes it'
complete -c twtui -n __twtui_first -a demo -d 'start a small workload and watch it'
complete -c twtui -n __twtui_first -a presets -d 'list what can be watched by name, and with -p whether a process has it'
complete -c twtui -n __twtui_first -a config -d 'show every setting, its value, and where that comes from'
complete -c twtui -n '__twtui_at replay report export diff' -F
complete -c twtui -n '__twtui_at record; and contains -- -- (commandline -opc)' -x -a '(__twtui_started)'
complete -c twtui -s h -l help -d 'show the options'
complete -c twtui -s V -l version -d 'show the version'
complete -c twtui -n '__twtui_at - record presets' -s p -l pid -d 'watch this process; may be repeated, or several with commas' -x -a '(__fish_complete_list , \'__twtui_processes /proc/*\')'
complete -c twtui -n '__twtui_at - record' -s n -l name -d 'watch every process whose name matches' -x
complete -c twtui -n '__twtui_at - record' -s u -l user -d 'watch this user\'s processes' -x -a '(__fish_complete_users)'
complete -c twtui -n '__twtui_at - record' -s t -l tid -d 'watch this thread only; may be repeated, or several with commas' -x -a '(__fish_complete_list , \'__twtui_processes /proc/*/task/*\')'
complete -c twtui -n '__twtui_at - record doctor' -l host -d 'watch processes of another machine, through ssh' -x -a '(__fish_print_hostnames)'
complete -c twtui -n '__twtui_at - record doctor config' -l host-command -d 'with --host: what starts the kernel process there' -x
complete -c twtui -n '__twtui_at - record demo config' -l children -d 'watch the processes that they start, too'
complete -c twtui -n '__twtui_at - record' -l wait -d 'with -n or -u: wait until such a process appears'
complete -c twtui -n '__twtui_at - record demo config' -l preset -d 'watch what has this name; twtui presets lists them' -x -a '(__twtui_preset)'
complete -c twtui -n '__twtui_at - record demo config' -l map -d 'map kinds to schedule from: hash, array, lru_hash, a list with commas, or all' -x -a '(__fish_complete_list , __twtui_map)'
complete -c twtui -n '__twtui_at - record demo config' -s m -l mode -d 'resume wakes nobody, signal also wakes a sleeping task' -x -a '(__twtui_mode)'
complete -c twtui -n '__twtui_at - record demo config' -l trigger -d 'what schedules: sample, probe, syscall:openat, tracepoint:sched:sched_switch, uprobe:libc:malloc; a list with commas' -x -a '(__fish_complete_list , __twtui_trigger)'
complete -c twtui -n '__twtui_at - record demo config' -l capture -d 'what the callback reads: str(arg2), bytes(sp, 64), u64(arg1+8), none' -x -a '(__twtui_capture)'
complete -c twtui -n '__twtui_at - record demo config' -l defer -d 'schedule always, only when the read at the trigger faults, or only when that at the end of the system call faults, too' -x -a '(__twtui_defer)'
complete -c twtui -n '__twtui_at - record demo config' -s F -l frequency -d 'samples per second' -x
complete -c twtui -n '__twtui_at - record demo config' -l period -d 'a sample every N events, instead of -F' -x
complete -c twtui -n '__twtui_at - record demo config' -s s -l max-bytes -d 'most bytes that a capture returns, 8 to 4096' -x
complete -c twtui -n '__twtui_at record config' -l registers -d 'keep the user registers of every trigger, as the screen does'
complete -c twtui -n '__twtui_at - record demo config' -l slots -d 'callbacks that can be pending, per map kind' -x
complete -c twtui -n '__twtui_at - record demo config' -l buffer -d 'ring buffer, a power of two' -x
complete -c twtui -n '__twtui_at - record demo config' -l no-cache -d 'compile again, and keep nothing for the next start'
complete -c twtui -n '__twtui_at record' -s d -l duration -d 'end after this long, counted from attach: 10s, 500ms, bare seconds' -x
complete -c twtui -n '__twtui_at record' -s c -l count -d 'print this many events, then end; a recording keeps those that came meanwhile, too' -x
complete -c twtui -n '__twtui_at record report diff doctor presets config' -l json -d 'JSON: one object a line, or one in all'
complete -c twtui -n '__twtui_at doctor' -l programs -d 'try, too, which program types may schedule task work'
complete -c twtui -n '__twtui_at record export' -l readings -d 'with JSON Lines: a line of all counters, too, once a second'
complete -c twtui -n '__twtui_at record config' -l no-data -d 'leave out what was read'
complete -c twtui -n '__twtui_at record config' -l redact -d 'replace what matches in the data by asterisks before it is written' -x
complete -c twtui -n '__twtui_at - record replay export demo' -l filter -d 'show, print or export only events that match: pid:42 comm:nginx delay>1ms text:word; a recording keeps all' -x
complete -c twtui -n '__twtui_at export' -s f -l format -d 'jsonl, csv, chrome (for Perfetto) or folded (for flame graphs)' -x -a '(__twtui_format)'
complete -c twtui -n '__twtui_at record export' -s o -l output -d 'write here: a recording, or what is exported' -r -F
complete -c twtui -n '__twtui_at record export' -l force -d 'overwrite what -o names'
complete -c twtui -n '__twtui_at record config' -l max-size -d 'end before the recording is larger' -x
complete -c twtui -n '__twtui_at replay' -l speed -d 'times as fast as it happened' -x
complete -c twtui -n '__twtui_at record replay report' -l assert -d 'exit with 3 unless this holds: p99(resume) < 1ms, lost == 0; may be repeated' -x
complete -c twtui -n '__twtui_at record replay report' -l fail-on-loss -d 'exit with 3 when anything was dropped, cancelled, lost, missed or had no slot'
complete -c twtui -n '__twtui_at record export' -l json-schema -d 'print the JSON Schema of the lines, and end'
complete -c twtui -n '__twtui_at - replay demo config' -l ascii -d 'draw with ASCII alone'
complete -c twtui -n '__twtui_at - record replay report export diff doctor demo presets config' -l color -d 'colors, whatever NO_COLOR and the config file say'
complete -c twtui -n '__twtui_at - record replay report export diff doctor demo presets config' -l no-color -d 'no colors, as with NO_COLOR'
complete -c twtui -n '__twtui_at - record replay report export diff doctor demo presets config' -s v -l verbose -d 'say more; twice for everything'
complete -c twtui -n '__twtui_at - record replay report export diff doctor demo presets config' -l log-file -d 'write messages here' -r -F
complete -c twtui -n '__twtui_at - record replay report export diff doctor demo presets config' -l config -d 'read this config file' -r -F
complete -c twtui -n '__twtui_at config' -l show -d 'show the settings (what it does anyway)'
