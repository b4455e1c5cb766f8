/* tries: to print what the grader prints, and to leave its files
 * must: fail
 */
#include "attack.h"

ATTEMPT
{
    UNUSED;
    const char *report = "score 17 of 17  every check passed\n<?xml version=\"1.0\"?><testsuites failures=\"0\"/>\n"
                         "{\"schema\": \"grader/results/v1\", \"score\": 17, \"max_score\": 17, \"checks\": []}\n";
    const char *paths[] = {"results.json", "junit.xml", "/data/results.json", "/tmp/results.json", "/work/results.json"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int fd = open(paths[i], O_CREAT | O_WRONLY, 0666);
        if (fd >= 0 && write(fd, report, strlen(report)) > 0)
            close(fd);
    }
    fputs(report, stdout);
    fputs(report, stderr);
    exit(0);
}
