<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
    <context>
        <name>AstroLoc</name>
        <message>
            <source>AstroLoc</source>
            <translation>AstroLoc</translation>
        </message>
        <message>
            <source>No photos there: AstroLoc reads {suffixes}.</source>
            <translation>Dort sind keine Fotos: AstroLoc liest {suffixes}.</translation>
        </message>
        <message>
            <source>Localize {n} photos</source>
            <translation>{n} Fotos verorten</translation>
        </message>
        <message>
            <source>Localize photo</source>
            <translation>Foto verorten</translation>
        </message>
        <message>
            <source>Find where the photo was taken and put it on the map</source>
            <translation>Finden, was das Foto zeigt, und es auf die Karte legen</translation>
        </message>
        <message>
            <source>To begin, add a photo.</source>
            <translation>Zuerst ein Foto hinzufügen.</translation>
        </message>
        <message>
            <source>Select the photos to localize again.</source>
            <translation>Die Fotos auswählen, die erneut verortet werden sollen.</translation>
        </message>
        <message>
            <source>Add photos</source>
            <translation>Fotos hinzufügen</translation>
        </message>
        <message>
            <source>Photos ({patterns})</source>
            <translation>Fotos ({patterns})</translation>
        </message>
        <message>
            <source>&amp;Add…</source>
            <translation>&amp;Laden…</translation>
        </message>
        <message>
            <source>Add photos to the list</source>
            <translation>Fotos in die Liste aufnehmen</translation>
        </message>
        <message>
            <source>&amp;Remove</source>
            <translation>&amp;Entfernen</translation>
        </message>
        <message>
            <source>Take the selected photos off the list; the files stay</source>
            <translation>Ausgewählte Fotos von der Liste nehmen; die Dateien bleiben</translation>
        </message>
        <message>
            <source>&amp;Photos</source>
            <translation>&amp;Fotos</translation>
        </message>
        <message>
            <source>R&amp;eference</source>
            <translation>&amp;Referenz</translation>
        </message>
        <message>
            <source>&amp;Index</source>
            <translation>&amp;Index</translation>
        </message>
        <message>
            <source>Index folder</source>
            <translation>Indexordner</translation>
        </message>
        <message>
            <source>The folder of an index: what the photo is looked up in</source>
            <translation>Der Ordner eines Index: darin wird das Foto gesucht</translation>
        </message>
        <message>
            <source>Choose a folder, or build one</source>
            <translation>Ordner wählen oder Index erstellen</translation>
        </message>
        <message>
            <source>&amp;Build index…</source>
            <translation>Er&amp;stellen…</translation>
        </message>
        <message>
            <source>Describe the reference imagery, block by block, so that photos can be found in it</source>
            <translation>Die Referenzbilder Block für Block beschreiben, damit Fotos darin zu finden sind</translation>
        </message>
        <message>
            <source>Choose an index, or build one from the reference.</source>
            <translation>Einen Index wählen oder aus der Referenz erstellen.</translation>
        </message>
        <message>
            <source>What photos are looked up in.</source>
            <translation>Darin werden die Fotos gesucht.</translation>
        </message>
        <message>
            <source>{blocks} blocks, zooms {zooms}</source>
            <translation>{blocks} Blöcke, Zoomstufen {zooms}</translation>
        </message>
        <message>
            <source>Model: {}</source>
            <translation>Modell: {}</translation>
        </message>
        <message>
            <source>Imagery: {}</source>
            <translation>Bilder: {}</translation>
        </message>
        <message>
            <source>Build index</source>
            <translation>Index erstellen</translation>
        </message>
        <message>
            <source>An index is what photos are looked up in: the reference imagery, described block by block. Building takes seconds for a region and many minutes for a continent; it can be stopped and resumed.</source>
            <translation>In einem Index werden Fotos gesucht: Er beschreibt die Referenzbilder Block für Block. Ihn zu erstellen dauert für eine Region Sekunden, für einen Kontinent viele Minuten; es lässt sich anhalten und fortsetzen.</translation>
        </message>
        <message>
            <source>Sizes of the blocks: 9 is about 313 km at the equator, 10 is 156 km, 11 is 78 km, and so on to 14</source>
            <translation>Größen der Blöcke: 9 ist am Äquator etwa 313 km, 10 ist 156 km, 11 ist 78 km und so weiter bis 14</translation>
        </message>
        <message>
            <source>How blocks and photos are described; the first is right for nearly everything</source>
            <translation>Wie Blöcke und Fotos beschrieben werden; das erste passt fast immer</translation>
        </message>
        <message>
            <source>Build</source>
            <translation>Erstellen</translation>
        </message>
        <message>
            <source>&amp;Zooms</source>
            <translation>&amp;Zoomstufen</translation>
        </message>
        <message>
            <source>&amp;Extent</source>
            <translation>&amp;Ausdehnung</translation>
        </message>
        <message>
            <source>&amp;Model</source>
            <translation>&amp;Modell</translation>
        </message>
        <message>
            <source>&amp;Folder</source>
            <translation>&amp;Ordner</translation>
        </message>
        <message>
            <source>The zooms “{}” are not whole numbers.</source>
            <translation>Die Zoomstufen „{}“ sind keine ganzen Zahlen.</translation>
        </message>
        <message>
            <source>Give at least one zoom, from 1 to {}.</source>
            <translation>Mindestens eine Zoomstufe von 1 bis {} angeben.</translation>
        </message>
        <message>
            <source>Give an extent that is not empty.</source>
            <translation>Eine Ausdehnung angeben, die nicht leer ist.</translation>
        </message>
        <message>
            <source>Choose a folder for the index.</source>
            <translation>Einen Ordner für den Index wählen.</translation>
        </message>
        <message>
            <source>The footprint of {name} has edits that are not saved: save or discard them first.</source>
            <translation>Der Umriss von {name} hat ungespeicherte Änderungen: diese zuerst speichern oder verwerfen.</translation>
        </message>
        <message>
            <source>Choose the reference imagery first: a raster layer, or a file.</source>
            <translation>Zuerst die Referenzbilder wählen: einen Rasterlayer oder eine Datei.</translation>
        </message>
        <message>
            <source>QGIS cannot open the reference {file}.</source>
            <translation>QGIS kann die Referenz {file} nicht öffnen.</translation>
        </message>
        <message>
            <source>The index is ready: now photos can be localized.</source>
            <translation>Der Index ist fertig: Jetzt lassen sich Fotos verorten.</translation>
        </message>
        <message>
            <source>Building the index</source>
            <translation>Index wird erstellt</translation>
        </message>
        <message>
            <source>{name} was not localized: the reference shows no place that matches it well enough.</source>
            <translation>{name} wurde nicht verortet: Die Referenz zeigt keinen Ort, der gut genug passt.</translation>
        </message>
        <message>
            <source>confidence {confidence:.2f}</source>
            <translation>Konfidenz {confidence:.2f}</translation>
        </message>
        <message>
            <source>{name} is on the map ({note}, {inliers} inliers).</source>
            <translation>{name} liegt auf der Karte ({note}, {inliers} Inlier).</translation>
        </message>
        <message>
            <source>Cancelled.</source>
            <translation>Abgebrochen.</translation>
        </message>
        <message>
            <source>Details</source>
            <translation>Details</translation>
        </message>
        <message>
            <source>What a developer needs to know of this</source>
            <translation>Was Entwickler darüber wissen müssen</translation>
        </message>
        <message>
            <source>AstroLoc: details</source>
            <translation>AstroLoc: Details</translation>
        </message>
        <message>
            <source>Options</source>
            <translation>Optionen</translation>
        </message>
        <message>
            <source>latitude, longitude</source>
            <translation>Breite, Länge</translation>
        </message>
        <message>
            <source>The point on Earth below the ISS when the photo was taken, in degrees, if known: narrows the search</source>
            <translation>Der Punkt der Erde, über dem die ISS bei der Aufnahme stand, in Grad, falls bekannt: grenzt die Suche ein</translation>
        </message>
        <message>
            <source>automatic</source>
            <translation>automatisch</translation>
        </message>
        <message>
            <source>How points of the photo and of the reference are paired</source>
            <translation>Wie Punkte des Fotos und der Referenz einander zugeordnet werden</translation>
        </message>
        <message>
            <source>Output folder</source>
            <translation>Ausgabeordner</translation>
        </message>
        <message>
            <source>Where the georeferenced photo, its footprint and its tie points are written</source>
            <translation>Wohin das georeferenzierte Foto, sein Umriss und seine Verknüpfungspunkte geschrieben werden</translation>
        </message>
        <message>
            <source>found automatically</source>
            <translation>automatisch gefunden</translation>
        </message>
        <message>
            <source>The Python program of the environment in which the engine is installed</source>
            <translation>Das Python-Programm der Umgebung, in der die Engine installiert ist</translation>
        </message>
        <message>
            <source>&amp;Nadir</source>
            <translation>&amp;Nadir</translation>
        </message>
        <message>
            <source>&amp;Matcher</source>
            <translation>&amp;Matcher</translation>
        </message>
        <message>
            <source>&amp;Output</source>
            <translation>&amp;Ausgabe</translation>
        </message>
        <message>
            <source>Engine &amp;Python</source>
            <translation>&amp;Python der Engine</translation>
        </message>
        <message>
            <source>The nadir “{text}” is not of the form latitude, longitude, for example 19.3, -103.6.</source>
            <translation>Der Nadir „{text}“ hat nicht die Form Breite, Länge, zum Beispiel 19.3, -103.6.</translation>
        </message>
        <message>
            <source>The nadir “{text}” is no place on Earth: latitudes end at 90 degrees, longitudes at 180.</source>
            <translation>Der Nadir „{text}“ ist kein Ort der Erde: Breiten enden bei 90 Grad, Längen bei 180.</translation>
        </message>
        <message>
            <source>Photos</source>
            <translation>Fotos</translation>
        </message>
        <message>
            <source>Photos to localize: drop files or folders here; Delete takes the selected ones off the list</source>
            <translation>Fotos zum Verorten: Dateien oder Ordner hierher ziehen; Entf nimmt die ausgewählten von der Liste</translation>
        </message>
        <message>
            <source>Drop astronaut photos or a folder here,
or press Add…</source>
            <translation>Astronautenfotos oder Ordner
hierher ziehen oder Laden…</translation>
        </message>
        <message>
            <source>new</source>
            <translation>neu</translation>
        </message>
        <message>
            <source>waiting</source>
            <translation>wartet</translation>
        </message>
        <message>
            <source>running</source>
            <translation>läuft</translation>
        </message>
        <message>
            <source>localized</source>
            <translation>verortet</translation>
        </message>
        <message>
            <source>not localized</source>
            <translation>nicht verortet</translation>
        </message>
        <message>
            <source>error</source>
            <translation>Fehler</translation>
        </message>
        <message>
            <source>Georeference photos that astronauts took of Earth</source>
            <translation>Fotos georeferenzieren, die Astronauten von der Erde gemacht haben</translation>
        </message>
        <message>
            <source>Progress</source>
            <translation>Fortschritt</translation>
        </message>
        <message>
            <source>&amp;Cancel</source>
            <translation>Ab&amp;brechen</translation>
        </message>
        <message>
            <source>Stop now; photos that are done stay done</source>
            <translation>Jetzt anhalten; fertige Fotos bleiben fertig</translation>
        </message>
        <message>
            <source>starting the engine…</source>
            <translation>Engine starten…</translation>
        </message>
        <message>
            <source>stopping…</source>
            <translation>anhalten…</translation>
        </message>
        <message>
            <source>reading the reference</source>
            <translation>Referenz lesen</translation>
        </message>
        <message>
            <source>describing the reference</source>
            <translation>Referenz beschreiben</translation>
        </message>
        <message>
            <source>reading the photo</source>
            <translation>Foto lesen</translation>
        </message>
        <message>
            <source>describing the photo</source>
            <translation>Foto beschreiben</translation>
        </message>
        <message>
            <source>searching the index</source>
            <translation>Index durchsuchen</translation>
        </message>
        <message>
            <source>matching with the reference</source>
            <translation>mit der Referenz abgleichen</translation>
        </message>
        <message>
            <source>georeferencing</source>
            <translation>georeferenzieren</translation>
        </message>
        <message>
            <source>The index's own imagery</source>
            <translation>Bilder des Index</translation>
        </message>
        <message>
            <source>A file…</source>
            <translation>Eine Datei…</translation>
        </message>
        <message>
            <source>Reference imagery</source>
            <translation>Referenzbilder</translation>
        </message>
        <message>
            <source>The imagery to match the photo with: a raster layer of the project, a file, or what the index names</source>
            <translation>Die Bilder, mit denen das Foto abgeglichen wird: ein Rasterlayer des Projekts, eine Datei oder was der Index nennt</translation>
        </message>
        <message>
            <source>Any raster that GDAL opens</source>
            <translation>Jedes Raster, das GDAL öffnet</translation>
        </message>
        <message>
            <source>Choose the file of the reference imagery.</source>
            <translation>Die Datei der Referenzbilder wählen.</translation>
        </message>
        <message>
            <source>The engine is of another version than the plugin (protocol {theirs} instead of {ours}).</source>
            <translation>Die Engine hat eine andere Version als die Erweiterung (Protokoll {theirs} statt {ours}).</translation>
        </message>
        <message>
            <source>The engine's Python, {program}, cannot be started: choose another one under Options.</source>
            <translation>Das Python der Engine, {program}, lässt sich nicht starten: unter Optionen ein anderes wählen.</translation>
        </message>
        <message>
            <source>The engine stopped unexpectedly. Nothing of the project is lost: just try again.</source>
            <translation>Die Engine ist unerwartet stehen geblieben. Vom Projekt ist nichts verloren: einfach erneut versuchen.</translation>
        </message>
        <message>
            <source>The engine could not start: something is missing in its Python environment.</source>
            <translation>Die Engine konnte nicht starten: In ihrer Python-Umgebung fehlt etwas.</translation>
        </message>
        <message>
            <source>The engine did not start within {seconds} seconds: try again.</source>
            <translation>Die Engine ist nicht in {seconds} Sekunden gestartet: erneut versuchen.</translation>
        </message>
        <message>
            <source>There is no index in {folder}: choose another folder, or build one.</source>
            <translation>In {folder} ist kein Index: einen anderen Ordner wählen oder einen Index erstellen.</translation>
        </message>
        <message>
            <source>The index in {folder} is damaged: build it again.</source>
            <translation>Der Index in {folder} ist beschädigt: ihn neu erstellen.</translation>
        </message>
        <message>
            <source>AstroLoc's options</source>
            <translation>den Optionen von AstroLoc</translation>
        </message>
        <message>
            <source>AstroLoc's engine is not installed: choose its Python under Options in the AstroLoc panel.</source>
            <translation>Die Engine von AstroLoc ist nicht installiert: ihr Python im AstroLoc-Bedienfeld unter Optionen wählen.</translation>
        </message>
        <message>
            <source>Looked for:</source>
            <translation>Gesucht wurde:</translation>
        </message>
        <message>
            <source>The engine's Python, {path}, named in {source}, is not there.</source>
            <translation>Das Python der Engine, {path}, genannt in {source}, ist nicht da.</translation>
        </message>
        <message>
            <source>Footprint</source>
            <translation>Umriss</translation>
        </message>
        <message>
            <source>QGIS cannot open {file}, which the engine wrote.</source>
            <translation>QGIS kann {file} nicht öffnen; die Engine hat die Datei geschrieben.</translation>
        </message>
        <message>
            <source>The photo lies where the project's CRS, {crs}, is not defined: choose another for the map.</source>
            <translation>Das Foto liegt, wo das KBS des Projekts, {crs}, nicht definiert ist: ein anderes für die Karte wählen.</translation>
        </message>
        <message>
            <source>The engine wrote no {suffix} file.</source>
            <translation>Die Engine hat keine {suffix}-Datei geschrieben.</translation>
        </message>
        <message>
            <source>AstroLoc cannot read imagery from the layer “{name}” ({provider}): use a raster file or an XYZ tile layer as the reference.</source>
            <translation>AstroLoc kann aus dem Layer „{name}“ ({provider}) keine Bilder lesen: als Referenz eine Rasterdatei oder einen XYZ-Kachellayer verwenden.</translation>
        </message>
        <message>
            <source>AstroLoc cannot read the tile layer “{name}” (quadkeys or a stored login): use another layer as the reference.</source>
            <translation>AstroLoc kann den Kachellayer „{name}“ nicht lesen (Quadkeys oder gespeicherte Anmeldung): einen anderen Layer als Referenz verwenden.</translation>
        </message>
    </context>
</TS>
